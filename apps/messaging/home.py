"""What the outbox says on the Monday page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from apps.customers.timeline import TimelineEntry, Tone
from apps.messaging.compose.source import title_of
from apps.messaging.models import OutboxMessage
from apps.runs.weekly import SummaryLine

_NOT_SENT = {
    "failed": "refused for good by the mail server",
    "blocked": "templates or their variables are incomplete; nothing was sent",
    "unknown": "may or may not have left; marketing mail is not sent again",
}


_TONES: dict[str, Tone] = {"sent": "good", "queued": "info", "suppressed": "neutral", "failed": "bad"}


def week(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    sent = OutboxMessage.objects.filter(sent_at__gt=since, sent_at__lte=now)
    kinds = dict(sent.values_list("message_class").annotate(Count("id")))
    if not kinds:
        return []
    detail = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    url = reverse("admin:messaging_outboxmessage_changelist")
    return [SummaryLine("E-mails sent", f"{sum(kinds.values()):,}", detail, url)]


def mails(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """What was written to a customer, for the time line."""
    found = OutboxMessage.objects.filter(customer_id=customer_id).order_by("-created_at")
    for mail in found[:limit]:
        url = reverse("admin:messaging_outboxmessage_change", args=[mail.pk])
        state = str(mail.get_status_display())
        said = f"{state}: {mail.reason}" if mail.reason else f"{state} to {mail.to}"
        at = mail.sent_at or mail.created_at
        yield TimelineEntry(
            at, "mail", title_of(mail.template), said, url, _TONES.get(mail.status, "warning")
        )


def troubles(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """Messages of the week that ended otherwise than sent or held back by the customer's own wish."""
    ended = OutboxMessage.objects.filter(status__in=_NOT_SENT, settled_at__gt=since, settled_at__lte=now)
    counts = dict(ended.values_list("status").annotate(Count("id")))
    url = reverse("admin:messaging_outboxmessage_changelist")
    return [
        SummaryLine("E-mails", f"{counts[status]:,}", words, f"{url}?status__exact={status}", "warning")
        for status, words in _NOT_SENT.items()
        if status in counts
    ]
