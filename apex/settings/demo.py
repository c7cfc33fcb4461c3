"""The demonstration of ``make run``: local stand-ins for Stripe, the mail server and the product's database.

apex/embedded starts those and hands their addresses over in the environment.
"""

import os

from apex.settings import base
from apex.settings.base import *  # noqa: F403
from apex.settings.guard import DEMO_STRIPE_KEY, demo_refusal, refuse

if sentence := demo_refusal(os.environ):
    refuse(sentence)
if not base.SECRET_KEY:
    refuse("the demonstration has no SECRET_KEY; start it with make run, which makes one.")

DEMO = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *base.ALLOWED_HOSTS]
STRIPE_API_BASE = base.env.str("STRIPE_API_BASE", default="")
STRIPE_API_KEY = base.STRIPE_API_KEY or DEMO_STRIPE_KEY
PRODUCT_NAME = base.PRODUCT_NAME or "Beacon"
MAIL_FROM = base.MAIL_FROM or "Beacon <hello@beacon.example>"
MAILBOX_URL = base.env.str("MAILBOX_URL", default="")
OPERATOR_EMAIL = base.OPERATOR_EMAIL or "operator@demo.invalid"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
INDEX_WATCH_FIRST = INDEX_WATCH_EVERY = base.env.int(
    "INDEX_WATCH_FIRST", default=60
)  # so that it can be watched

# Static files straight from where they lie: nothing to collect before the first page.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
STORAGES = {
    **base.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
