"""A cron expression in words, for the patterns the table uses; anything else is shown as it is."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def cron_words(cron: str) -> str:
    """ "*/5 * * * *" → "every 5 minutes"; "0 9 * * *" → "daily at 09:00 UTC"."""
    parts = cron.split()
    if len(parts) != 5:
        return cron or "only when woken"
    minute, hour, day, month, weekday = parts
    if (hour, day, month, weekday) == ("*", "*", "*", "*"):
        return _of_minutes(minute) or cron
    if month != "*" or not minute.isdigit() or not hour.isdigit():
        return cron
    at = f"at {int(hour):02}:{int(minute):02} UTC"
    if (day, weekday) == ("*", "*"):
        return f"daily {at}"
    if day == "*" and weekday in "01234567" and len(weekday) == 1:
        return f"{_DAYS[int(weekday)]} {at}"
    return f"on day {day} of the month {at}" if weekday == "*" and day.isdigit() else cron


def _of_minutes(minute: str) -> str:
    if minute == "*":
        return "every minute"
    if minute.startswith("*/"):
        return f"every {minute[2:]} minutes"
    return f"hourly at :{int(minute):02}" if minute.isdigit() else ""


def next_slot(cron: str, now: datetime) -> datetime | None:
    """The next tick after ``now``; None where there is no cron expression."""
    try:
        return next(CronSim(cron, now.astimezone(UTC)))
    except (CronSimError, StopIteration):
        return None
