"""What the outbox says on the Monday page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from apps.messaging.models import OutboxMessage
from apps.runs.weekly import SummaryLine

_NOT_SENT = {
    "failed": "refused for good by the mail server",
    "blocked": "templates or their variables are incomplete; nothing was sent",
    "unknown": "may or may not have left; marketing mail is not sent again",
}


def week(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    sent = OutboxMessage.objects.filter(sent_at__gt=since, sent_at__lte=now)
    kinds = dict(sent.values_list("message_class").annotate(Count("id")))
    if not kinds:
        return []
    detail = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    url = reverse("admin:messaging_outboxmessage_changelist")
    return [SummaryLine("E-mails sent", f"{sum(kinds.values()):,}", detail, url)]


def troubles(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """Messages of the week that ended otherwise than sent or held back by the customer's own wish."""
    ended = OutboxMessage.objects.filter(status__in=_NOT_SENT, settled_at__gt=since, settled_at__lte=now)
    counts = dict(ended.values_list("status").annotate(Count("id")))
    url = reverse("admin:messaging_outboxmessage_changelist")
    return [
        SummaryLine("E-mails", str(counts[status]), words, f"{url}?status__exact={status}", "warning")
        for status, words in _NOT_SENT.items()
        if status in counts
    ]
