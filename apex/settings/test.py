"""For pytest. tests/conftest.py puts the address of a PostgreSQL in when a test first needs one."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789" * 5)

from apex.settings.base import *  # noqa: F403
from apex.settings.base import DATABASES, env

DEMO = False
ALLOWED_HOSTS = ["*"]
PUBLIC_URL = "https://apex.example"
# One connection per thread: a pool would keep the test database open when it is to be dropped.
DATABASES["default"]["OPTIONS"].pop("pool", None)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; never outside of tests
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STRIPE_API_KEY = "sk_test_apex_tests"
STRIPE_WEBHOOK_SECRET = "whsec_apex_tests"  # noqa: S105
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
SMTP_URL = env.str("SMTP_URL", default="")
MAIL_FROM = "Apex <hello@apex.example>"
OPERATOR_EMAIL = "operator@apex.example"
MARKETING_PER_WEEK = 1_000_000  # tests send one customer hundreds; the cap has tests of its own
