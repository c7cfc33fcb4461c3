"""Months of UTC, as the partitions of the event table have them."""

from __future__ import annotations

from datetime import UTC, datetime


def first_of_month(moment: datetime) -> datetime:
    """00:00 UTC on the first day of the moment's month (in UTC)."""
    there = moment.astimezone(UTC)
    return datetime(there.year, there.month, 1, tzinfo=UTC)


def add_months(moment: datetime, months: int) -> datetime:
    """The first of the month that many months later (or earlier, if negative)."""
    count = moment.year * 12 + moment.month - 1 + months
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def partition_name(month: datetime) -> str:
    return f"customers_event_y{month.year:04d}m{month.month:02d}"
