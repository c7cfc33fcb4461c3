"""Pure rules about customers, their events and files of them."""

from apps.customers.policy.events import (
    KINDS,
    IngestRules,
    event_key,
    why_refused,
)

__all__ = ["KINDS", "IngestRules", "event_key", "why_refused"]
