"""The operator's settings for customers, as the frozen rules that policy works with."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from apps.customers.policy import DEFAULT_RULES, IngestRules


def ingest_rules() -> IngestRules:
    """APEX_EVENTS_LATE_DAYS, APEX_EVENTS_AHEAD_SECONDS and APEX_EVENTS_RAW_MONTHS, each with its default."""
    return IngestRules(
        late=timedelta(days=getattr(settings, "APEX_EVENTS_LATE_DAYS", DEFAULT_RULES.late.days)),
        ahead=timedelta(
            seconds=getattr(settings, "APEX_EVENTS_AHEAD_SECONDS", DEFAULT_RULES.ahead.total_seconds())
        ),
        raw_months=getattr(settings, "APEX_EVENTS_RAW_MONTHS", DEFAULT_RULES.raw_months),
    )
