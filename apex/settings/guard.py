"""What Apex refuses to start with. Pure: values in, a sentence out, so every refusal can be tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# A mail server of the host itself listens on one of these; the demonstration's mailbox never does.
MAIL_PORTS = frozenset({25, 465, 587})
# The names the demonstration gives to what it stands in for (see apex/embedded).
DEMO_TARGET_DATABASE = "apex_demo_target"
DEMO_STRIPE_KEY = "sk_test_apex_demonstration"
SHORTEST_SECRET = 50


def refuse(sentence: str) -> NoReturn:
    """Ends the process with one sentence on stderr and exit status 1, whatever runs it."""
    raise SystemExit(f"apex: {sentence}")


def production_refusal(values: Mapping[str, str]) -> str | None:
    """The first reason not to start with production settings, or None. ``values`` is the environment."""
    return _missing(values) or _stand_in(values)


def demo_refusal(values: Mapping[str, str]) -> str | None:
    """The demonstration charges invented cards; a real key has no place there."""
    key = values.get("STRIPE_API_KEY", "")
    if key.startswith(("sk_live_", "rk_live_")):
        return (
            "STRIPE_API_KEY is a live key, which the demonstration never uses; take apex.settings.production."
        )
    return None


def _missing(values: Mapping[str, str]) -> str | None:
    secret = values.get("SECRET_KEY", "")
    if not secret:
        return (
            "SECRET_KEY is not set; put one into the environment or .env, for example the output of "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'."
        )
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < 5:
        return f"SECRET_KEY is too weak; use at least {SHORTEST_SECRET} random characters."
    if not values.get("DATABASE_URL"):
        return "DATABASE_URL is not set; for example postgres://apex:password@db.example.com:5432/apex."
    if not values.get("REDIS_URL"):
        return "REDIS_URL is not set; for example redis://redis.example.com:6379/0."
    if not values.get("ALLOWED_HOSTS") and not values.get("PUBLIC_URL"):
        return "neither ALLOWED_HOSTS nor PUBLIC_URL is set; for example PUBLIC_URL=https://apex.example.com."
    return None


def _stand_in(values: Mapping[str, str]) -> str | None:
    if values.get("STRIPE_API_BASE"):
        return "STRIPE_API_BASE points Stripe somewhere else; that is for the demonstration only, unset it."
    if values.get("STRIPE_API_KEY") == DEMO_STRIPE_KEY:
        return "STRIPE_API_KEY is the demonstration's; set your own key, or leave it empty and billing waits."
    if _is_mailbox(values.get("SMTP_URL", "")):
        return "SMTP_URL is the demonstration's mailbox (this host, an unusual port); set your mail server."
    target = urlsplit(values.get("TARGET_DATABASE_URL", ""))
    if target.path.strip("/") == DEMO_TARGET_DATABASE:
        return "TARGET_DATABASE_URL is the demonstration's database; set your product's, or leave it empty."
    return None


def _is_mailbox(url: str) -> bool:
    parts = urlsplit(url)
    return parts.hostname in LOOPBACK and parts.port is not None and parts.port not in MAIL_PORTS
