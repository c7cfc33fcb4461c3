"""The operator's pages about e-mail: the outbox, the suppression list, the templates."""

from apps.messaging.admin import outbox, suppression

__all__ = ["outbox", "suppression"]
