"""What the watch over the product's database says on the Monday page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from apps.platform.models import SlowQuery
from apps.runs.weekly import SummaryLine


def week(since: datetime, now: datetime) -> Sequence[SummaryLine]:
    """Indexes built this week and what they do to the mean time of their queries."""
    built = SlowQuery.objects.filter(indexed_at__gt=since, indexed_at__lte=now)
    url = reverse("admin:platform_slowquery_changelist")
    return [
        SummaryLine(
            f"Index on {row.table_name} ({', '.join(row.columns)})",
            f"{row.before_ms or 0:,.0f} → {row.recent_ms:,.0f} ms",
            "mean time of its query, before and now",
            url,
            "good" if row.recent_ms < (row.before_ms or 0) else "neutral",
        )
        for row in built.order_by("-indexed_at")[:5]
    ]
