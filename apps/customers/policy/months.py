"""Months of UTC, as the partitions of the event table have them."""

from __future__ import annotations

from calendar import monthrange
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


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time so many months ago, or that month's last day."""
    start = add_months(moment, -months)
    day = min(moment.day, monthrange(start.year, start.month)[1])
    return moment.replace(year=start.year, month=start.month, day=day)
