"""What production, the demonstration and the tests have in common. Values come from the environment."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.urls import reverse_lazy

from apex.logs import configure_logging, logging_config
from apex.settings.unfold import FORMAT_MODULE_PATH, UNFOLD  # noqa: F401

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[2]
env.read_env(BASE_DIR / ".env")  # the environment wins over the file

SECRET_KEY = env.str("SECRET_KEY", default="")
DEBUG = env.bool("DEBUG", default=False)
DEMO = False
PUBLIC_URL = env.str("PUBLIC_URL", default="").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[host for host in [urlsplit(PUBLIC_URL).hostname] if host])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

# --- the parts -------------------------------------------------------------------------------
OUR_APPS = [
    "apps.runs",
    "apps.access",
    "apps.customers",
    "apps.messaging",
    "apps.billing",
    "apps.payments",
    "apps.growth",
    "apps.platform",
]
INSTALLED_APPS = [
    "apex",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "django_structlog",
    "django_prometheus",
    *OUR_APPS,
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "apex.urls"
WSGI_APPLICATION = "apex.wsgi.application"
ASGI_APPLICATION = "apex.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],  # apex is an app and comes first: its templates win over those they extend
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL (the truth) and Redis (wake-up calls) -----------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="postgres://apex@127.0.0.1:5432/apex")
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
DATABASES = {
    "default": {
        **env.db_url_config(DATABASE_URL),
        "CONN_MAX_AGE": 0,  # the pool keeps connections; Django must hand them back
        "CONN_HEALTH_CHECKS": True,  # a connection that died in the pool is replaced, not handed out
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=8),  # per process
                "timeout": 10,  # seconds to wait for a free connection before failing the request
            },
            "application_name": env.str("APEX_PROCESS", default="apex"),
        },
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "apex",
    },
}

# --- time and language ------------------------------------------------------------------------
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"

# --- files ------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT: Path | None = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "apex" / "static"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024  # bytes: a batch of 1,000 events fits several times
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- who may come in --------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # seconds
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# How many proxies stand in front; only then is X-Forwarded-For believed.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
AXES_IPWARE_PROXY_COUNT = PROXY_COUNT
if PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Prometheus scrapes /metrics with "Authorization: Bearer …", or from the host itself without.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- the API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.access.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["apps.access.throttling.ApiKeyThrottle"],
    "EXCEPTION_HANDLER": "apps.access.http.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["apps.access.http.EnvelopeRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "NUM_PROXIES": PROXY_COUNT,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Apex",
    "DESCRIPTION": "The autopilot for a one-person SaaS: customers, usage, runs and approvals.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "SwitchMode": [(mode, mode) for mode in ("off", "shadow", "live")],
        "RunMode": [(mode, mode) for mode in ("live", "shadow", "dry_run")],
        "ManualRunMode": [(mode, mode) for mode in ("live", "dry_run")],
        "ProposalStatus": "apps.runs.models.ProposalStatus",
        "CustomerStatus": "apps.customers.models.customer.CustomerStatus",
        "CustomerAccess": "apps.customers.models.customer.Access",
        "EntitledAccess": [(access, access) for access in ("full", "rate_limited", "suspended")],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.access.schema.envelope",
    ],
}

# --- the vendors; without a key a vendor's automations wait and say so -------------------------
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = ""  # Stripe's own address; only the demonstration and the tests set another
SMTP_URL = env.str("SMTP_URL", default="")  # smtp+tls://user:password@host:587
MAIL_FROM = env.str("MAIL_FROM", default="")
TARGET_DATABASE_URL = env.str("TARGET_DATABASE_URL", default="")  # the product's PostgreSQL
if SMTP_URL:
    vars().update(env.email_url_config(SMTP_URL))  # Django's own mail leaves by the same server
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM or "apex@localhost"

# --- what customers read in e-mails; what is empty follows from MAIL_FROM and PUBLIC_URL --------
MARKETING_PER_WEEK = env.int(
    "MARKETING_PER_WEEK", default=3
)  # to one customer; receipts and the like are exempt
PRODUCT_NAME = env.str("PRODUCT_NAME", default="")
MAIL_REPLY_TO = env.str("MAIL_REPLY_TO", default="")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="")
PRODUCT_ACCOUNT_URL = env.str("PRODUCT_ACCOUNT_URL", default="")
PRODUCT_DOCS_URL = env.str("PRODUCT_DOCS_URL", default="")
POSTAL_ADDRESS = env.str("POSTAL_ADDRESS", default="")

# --- the operator -----------------------------------------------------------------------------
OPERATOR_EMAIL = env.str("OPERATOR_EMAIL", default="")
FLOWER_URL = env.str("FLOWER_URL", default="")  # linked from the admin
MAILBOX_URL = ""  # the demonstration's mailbox page
GROWTH_HOLDOUT_PERCENT = env.int("HOLDOUT_PERCENT", default=10)  # customers left alone, to compare with
GROWTH_HOLDOUT_SALT = env.str("HOLDOUT_SALT", default="growth-1")  # another one draws other customers
GROWTH_DISCOUNT_PERCENT = env.int("DISCOUNT_PERCENT", default=50)
GROWTH_DISCOUNT_MONTHS = env.int("DISCOUNT_MONTHS", default=3)
GROWTH_ASK_OVER_MONTHLY = env.int(
    "DISCOUNT_ASK_OVER", default=1000
)  # a month, in whole units of the currency
GROWTH_MAIL_EVERY_DAYS = env.int("ENGAGEMENT_MAIL_EVERY_DAYS", default=30)
GROWTH_CALL_URL = env.str("FOUNDER_CALL_URL", default="")  # where a customer books a call with you
DUNNING_POLICY = env.str("DUNNING_POLICY", default="standard")  # or patient
RUN_HISTORY_DAYS = env.int("RUN_HISTORY_DAYS", default=90)
SLOW_QUERY_MS = env.float("SLOW_QUERY_MS", default=1000)  # from this mean time on a query is slow
INDEX_WATCH_FIRST = env.int("INDEX_WATCH_FIRST", default=600)  # seconds until a new index is first measured
INDEX_WATCH_EVERY = env.int("INDEX_WATCH_EVERY", default=3600)  # and between later looks
INDEX_WATCH_UNTIL = env.int("INDEX_WATCH_UNTIL", default=72 * 3600)  # unproven by then, it is dropped
APEX_EVENTS_LATE_DAYS = env.int("EVENTS_LATE_DAYS", default=90)  # older events are refused
APEX_EVENTS_AHEAD_SECONDS = env.int("EVENTS_AHEAD_SECONDS", default=300)  # a sender's clock may run ahead
APEX_EVENTS_RAW_MONTHS = env.int("EVENTS_RAW_MONTHS", default=13)  # single events kept; daily sums stay

# --- logs: JSON, one line an event, without secrets --------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(LOG_LEVEL)
DJANGO_STRUCTLOG_CELERY_ENABLED = False
configure_logging()
