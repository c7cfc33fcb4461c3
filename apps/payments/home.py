"""What failed-payment recovery says on the Monday page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from apps.core.money import Money
from apps.payments.queries.reports import dunning_summary
from apps.runs.weekly import SummaryLine


def week(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """Recovered money with its rate (recovered of all that ended), and what is still at stake."""
    told = dunning_summary(now, max(1, (now - since).days))
    url = reverse("admin:payments_recoverycase_changelist")
    lines = []
    if told.opened:
        rate = "" if told.rate is None else f", {told.rate:.0%} of those that ended"
        detail = f"{told.recovered_cases} of {told.opened} failed payments opened this week{rate}"
        lines.append(SummaryLine("Recovered", _sum(told.recovered), detail, url, "good"))
    if told.open_cases:
        lines.append(
            SummaryLine("Being recovered", _sum(told.at_stake), f"{told.open_cases} open cases", url)
        )
    return lines


def _sum(amounts: Sequence[Money]) -> str:
    return " + ".join(str(amount) for amount in amounts) or "nothing yet"
