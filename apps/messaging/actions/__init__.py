"""Writes of the outbox: queueing, what became of messages, suppression. One transaction each."""

from apps.messaging.actions.outcomes import mark_not_sent, mark_sent
from apps.messaging.actions.queueing import NewMail, message_id, queue_again, queue_mail
from apps.messaging.actions.suppression import suppress, unsubscribe

__all__ = [
    "NewMail",
    "mark_not_sent",
    "mark_sent",
    "message_id",
    "queue_again",
    "queue_mail",
    "suppress",
    "unsubscribe",
]
