"""Stripe's webhook signature, scheme v1: HMAC-SHA256 over "{t}.{raw body}".

Source: docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(seconds=300)  # stripe-python's default; both for too old and too far ahead
MAX_HEADER = 4096  # characters; a genuine header with several rolled secrets has a few hundred


class BadSignature(Exception):
    """The message says why in a word that is counted: missing, malformed, stale or mismatch."""


def verify(payload: bytes, header: str, secret: str, now: datetime) -> None:
    """Returns when one of the header's v1 signatures fits the raw body and its time is within the tolerance
    of ``now`` (aware). Raises BadSignature otherwise, ValueError for an empty secret."""
    if not secret:
        raise ValueError("an empty secret would accept anybody's signature")
    stamp, signatures = _parse(header)
    signed = f"{stamp}.".encode() + payload
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()
    # No early exit: every candidate is compared, each in constant time.
    fits = [hmac.compare_digest(expected, candidate.encode()) for candidate in signatures]
    if not any(fits):
        raise BadSignature("mismatch")
    try:
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
    except (OverflowError, OSError, ValueError):
        raise BadSignature("malformed") from None
    if abs(now - signed_at) > TOLERANCE:
        raise BadSignature("stale")


def _parse(header: str) -> tuple[str, list[str]]:
    if not header:
        raise BadSignature("missing")
    if len(header) > MAX_HEADER:
        raise BadSignature("malformed")
    stamps: list[str] = []
    signatures: list[str] = []
    for item in header.split(","):
        name, _, value = item.strip().partition("=")
        if name == "t":
            stamps.append(value)
        elif name == "v1":
            signatures.append(value)
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or not signatures:
        raise BadSignature("malformed")
    return stamps[0], signatures
