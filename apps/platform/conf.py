"""The operator's settings for platform optimisation, each with its default."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings


def slow_query_ms() -> float:
    """SLOW_QUERY_MS: from this mean time on a query is slow (PLT-5)."""
    return float(getattr(settings, "SLOW_QUERY_MS", 1000))


def index_watch() -> tuple[timedelta, timedelta, timedelta]:
    """INDEX_WATCH_FIRST, INDEX_WATCH_EVERY and INDEX_WATCH_UNTIL in seconds: when a new index is first looked
    at, how often after that, and when it must have proved itself (72 h, for queries that run rarely)."""
    return (
        timedelta(seconds=getattr(settings, "INDEX_WATCH_FIRST", 600)),
        timedelta(seconds=getattr(settings, "INDEX_WATCH_EVERY", 3600)),
        timedelta(seconds=getattr(settings, "INDEX_WATCH_UNTIL", 72 * 3600)),
    )
