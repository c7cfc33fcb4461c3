"""Which ticks are due, and what becomes of those that were missed (ENG-2). All times UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from workers.kernel.automation import Missed, Work

# Ticks older than this are not caught up by anybody: a week-old "send the reminders" helps no one.
CATCH_UP_WINDOW = timedelta(days=7)
# A tick is only "missed" for SKIP when it is older than this; a slow beat is not a missed tick.
SKIP_GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: which automation, and when, in cron's five fields (UTC)."""

    work: type[Work]
    cron: str

    @property
    def name(self) -> str:
        return self.work.name


Table = Sequence[Row]


def slots_between(cron: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Ticks in ``after < tick <= until``, ascending. Raises cronsim.CronSimError for a bad expression."""
    for slot in CronSim(cron, after.astimezone(UTC)):
        if slot > until:
            return
        yield slot


def next_slot(cron: str, after: datetime) -> datetime:
    return next(CronSim(cron, after.astimezone(UTC)))


def previous_slot(cron: str, at: datetime) -> datetime:
    """The last tick at or before ``at``."""
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    # Backwards from the next full minute, which itself is not yielded.
    return next(CronSim(cron, minute + timedelta(minutes=1), reverse=True))


def due_slots(cron: str, missed: Missed, *, last: datetime, now: datetime) -> list[datetime]:
    """The ticks to run now. ``last`` is the newest tick already known, or the moment the automation
    was first seen."""
    after = max(last, now - CATCH_UP_WINDOW)
    if missed is Missed.ALL:
        return list(slots_between(cron, after, now))
    newest = previous_slot(cron, now)
    if newest <= after:
        return []
    if missed is Missed.SKIP and now - newest > SKIP_GRACE:
        return []
    return [newest]
