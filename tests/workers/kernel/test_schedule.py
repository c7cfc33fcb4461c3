"""Which ticks are due: pure, to the second."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.kernel.automation import Missed
from workers.kernel.schedule import due_slots, next_slot, previous_slot, slots_between

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAILY = "0 9 * * *"
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def test_a_tick_is_due_at_its_second_not_before() -> None:
    assert due_slots(DAILY, Missed.LATEST, last=NINE - DAY, now=NINE - SECOND) == []
    assert due_slots(DAILY, Missed.LATEST, last=NINE - DAY, now=NINE) == [NINE]
    assert due_slots(DAILY, Missed.LATEST, last=NINE, now=NINE + SECOND) == []


def test_missed_for_three_days() -> None:
    last, now = NINE - 3 * DAY, NINE + timedelta(hours=2)
    assert due_slots(DAILY, Missed.LATEST, last=last, now=now) == [NINE]
    assert due_slots(DAILY, Missed.ALL, last=last, now=now) == [NINE - 2 * DAY, NINE - DAY, NINE]
    assert due_slots(DAILY, Missed.SKIP, last=last, now=now) == []


def test_a_slow_beat_is_not_a_missed_tick() -> None:
    grace = timedelta(minutes=5)
    assert due_slots(DAILY, Missed.SKIP, last=NINE - DAY, now=NINE + grace) == [NINE]
    assert due_slots(DAILY, Missed.SKIP, last=NINE - DAY, now=NINE + grace + SECOND) == []


def test_nothing_older_than_a_week_is_caught_up() -> None:
    slots = due_slots(DAILY, Missed.ALL, last=NINE - 30 * DAY, now=NINE)
    assert slots == [NINE - n * DAY for n in range(6, -1, -1)]


@pytest.mark.parametrize("zone_hours", [-11, 0, 5, 14])
def test_slots_are_utc_whatever_zone_the_clock_is_given_in(zone_hours: int) -> None:
    zone = timezone(timedelta(hours=zone_hours))
    assert previous_slot(DAILY, NINE.astimezone(zone)) == NINE
    assert next_slot(DAILY, NINE.astimezone(zone)) == NINE + DAY


def test_between_excludes_the_start_and_includes_the_end() -> None:
    assert list(slots_between("*/15 * * * *", NINE, NINE + timedelta(minutes=30))) == [
        NINE + timedelta(minutes=15),
        NINE + timedelta(minutes=30),
    ]
