"""What a key looks like, which scopes there are, and how often it may be used (SEC-2)."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

DEFAULT_RATE = 1200  # requests a minute
LAST_USED_EVERY = timedelta(minutes=1)  # how exactly "last used" is kept: a write a minute at most

_AREAS = {
    "customers": "customers and their usage",
    "events": "usage and activity events",
    "runs": "runs, approvals and switches of the autopilot",
    "billing": "plans, subscriptions and invoices",
    "messages": "messages and templates",
    "growth": "health scores and interventions",
    "platform": "health, metrics and optimisations of the platform",
}
SCOPES = {
    f"{area}:{right}": f"{verb} {what}"
    for area, what in _AREAS.items()
    for right, verb in (("read", "Read"), ("write", "Change"))
}

# apex_, 8 hexadecimal digits to find the row by, 256 random bits in URL-safe base 64.
_TOKEN = re.compile(r"apex_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class NewToken:
    """``token`` is shown once and kept nowhere; ``digest`` is what is stored."""

    token: str
    prefix: str
    digest: str


def make_token() -> NewToken:
    prefix = secrets.token_hex(4)
    token = f"apex_{prefix}_{secrets.token_urlsafe(32)}"
    return NewToken(token, prefix, digest_of(token))


def prefix_of(token: str) -> str | None:
    """The part a key is found by; None when this is no token of ours."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def digest_of(token: str) -> str:
    """SHA-256 in hexadecimal. A slow hash would protect nothing: 256 random bits cannot be guessed."""
    return sha256(token.encode()).hexdigest()


def matches(token: str, digest: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(digest_of(token), digest)


def why_unusable(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str | None:
    if revoked_at is not None:
        return f"This API key was revoked on {revoked_at:%Y-%m-%d}"
    if expires_at is not None and expires_at <= now:
        return f"This API key expired on {expires_at:%Y-%m-%d}"
    return None


def allows(granted: Collection[str], needed: str) -> bool:
    """Writing includes reading of the same area."""
    area, _, right = needed.partition(":")
    return needed in granted or (right == "read" and f"{area}:write" in granted)


def unknown_scopes(scopes: Collection[str]) -> list[str]:
    return sorted(set(scopes) - set(SCOPES))
