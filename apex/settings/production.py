"""The default: secure, quiet, and refusing what only the demonstration may have."""

import os

from apex.settings import base
from apex.settings.base import *  # noqa: F403
from apex.settings.guard import production_refusal, refuse

if sentence := production_refusal(os.environ):
    refuse(sentence)

# TLS ends at the proxy in front or at the web server; plain HTTP is sent there.
SECURE_SSL_REDIRECT = base.env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^metrics$"]  # asked from inside, by plain HTTP
SECURE_HSTS_SECONDS = base.env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = base.env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)
SECURE_HSTS_PRELOAD = base.env.bool("SECURE_HSTS_PRELOAD", default=True)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
