"""Which events are taken in, and under which key each counts once (CUS-2, CUS-3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

# CUS-3, and impressions, which plans are limited by.
KINDS = (
    "impression",
    "login",
    "dashboard_view",
    "feature_use",
    "config_change",
    "doc_view",
    "api_call",
    "api_error",
    "sdk_download",
    "first_api_request",
    "first_impression",
)
MOST_EVENTS = 1000  # in one request
MOST_QUANTITY = 10**12  # of one event; sums of a day then stay far inside a bigint


@dataclass(frozen=True, slots=True)
class IngestRules:
    """``late``: the oldest event taken. ``ahead``: how far a sender's clock may run before ours.
    ``raw_months``: whole months of single events kept; the daily sums stay."""

    late: timedelta = timedelta(days=90)
    ahead: timedelta = timedelta(minutes=5)
    raw_months: int = 13

    @property
    def keys_kept(self) -> timedelta:
        """A key may be forgotten once its event, sent again, would be too old. Two days' margin: ``ahead`` and
        the rounding of the key's date."""
        return self.late + timedelta(days=2)


DEFAULT_RULES = IngestRules()


def event_key(external_id: str, event_id: str) -> str:
    """32 hexadecimal digits naming one event by its sender's id: the same on every resend, whatever else changed."""
    return blake2b(f"e{len(external_id)}:{external_id}{event_id}".encode(), digest_size=16).hexdigest()


def batch_stem(batch_key: str) -> str:
    """What the keys of a batch begin with: 24 digits. The event's place in the batch follows, so that the keys of
    one batch are neighbours in the index and cost a few pages, not a page each."""
    return blake2b(f"b{batch_key}".encode(), digest_size=12).hexdigest()


def why_refused(occurred_at: datetime, now: datetime, rules: IngestRules = DEFAULT_RULES) -> str | None:
    """The reason an event of this moment is not taken, or None. Both times are aware."""
    if occurred_at > now + rules.ahead:
        ahead = int((occurred_at - now).total_seconds())
        limit = int(rules.ahead.total_seconds())
        return f"occurred_at is {ahead} s in the future; a clock may run {limit} s ahead at most"
    if occurred_at < now - rules.late:
        return f"occurred_at is {(now - occurred_at).days} days ago; events up to {rules.late.days} days late are taken"
    return None
