"""What went wrong between Stripe and Apex, for the Monday page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count
from django.urls import reverse

from apps.billing.models import StripeEvent
from apps.runs.weekly import SummaryLine

_WORDS = {
    "malformed": "not readable; kept as they came",
    "failed": "could not be processed; replay them from their page",
    "parked": "of customers that Apex does not know yet; kept until they arrive",
}


def troubles(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """Events of the week that were not processed, by what became of them."""
    events = StripeEvent.objects.filter(state__in=_WORDS, received_at__gt=since, received_at__lte=now)
    counts = dict(events.values_list("state").annotate(Count("id")))
    url = reverse("admin:billing_stripeevent_changelist")
    return [
        SummaryLine(
            "Stripe events", str(counts[state]), words, f"{url}?state__exact={state}",
            "neutral" if state == "parked" else "warning",
        )
        for state, words in _WORDS.items()
        if state in counts
    ]  # fmt: skip
