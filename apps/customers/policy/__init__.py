"""Pure rules about customers, their events and files of them."""

from apps.customers.policy.events import DEFAULT_RULES, KINDS, IngestRules, event_key, why_refused

__all__ = ["DEFAULT_RULES", "KINDS", "IngestRules", "event_key", "why_refused"]
