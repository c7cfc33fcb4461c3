"""The score of the home page, at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.runs.health import QueueWork, Standing, health

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WELL = Standing(last_tick=NOW - timedelta(seconds=59), stopped=False)


def test_all_well_is_a_hundred_with_nothing_to_say() -> None:
    found = health(WELL, NOW)
    assert (found.score, found.word, found.tone, found.drags) == (100, "healthy", "good", ())


@pytest.mark.parametrize(
    ("age", "score"),
    [
        (timedelta(minutes=2, seconds=59), 100),
        (timedelta(minutes=3), 85),
        (timedelta(minutes=9, seconds=59), 85),
        (timedelta(minutes=10), 60),
        (timedelta(days=30), 60),
    ],
)
def test_a_late_tick(age: timedelta, score: int) -> None:
    assert health(replace(WELL, last_tick=NOW - age), NOW).score == score


def test_no_tick_ever() -> None:
    assert health(replace(WELL, last_tick=None), NOW).score == 60


def test_stopped_counts_once_however_late_the_tick() -> None:
    found = health(replace(WELL, stopped=True, last_tick=NOW - timedelta(days=1)), NOW)
    assert found.score == 70
    assert "emergency stop" in found.drags[0].sentence


def test_work_drags_only_when_it_has_waited_five_minutes() -> None:
    fresh = QueueWork("mail", 900, NOW - timedelta(minutes=4, seconds=59))
    late = QueueWork("money", 1, NOW - timedelta(minutes=5))
    found = health(replace(WELL, queues=(fresh, late)), NOW)
    assert found.score == 90
    assert [drag.sentence for drag in found.drags] == ["Work in the queue “money” waits since 5 minutes."]


def test_the_heaviest_drag_comes_first_and_zero_is_the_floor() -> None:
    bad = replace(
        WELL, last_tick=None, alerts={"critical": 3, "medium": 1}, in_doubt=100, dead=1, failing={"a.b": 2}
    )
    found = health(bad, NOW)
    assert [drag.points for drag in found.drags] == [50, 40, 15, 5, 3, 3]
    assert (found.score, found.word, found.tone) == (0, "in trouble", "bad")


@pytest.mark.parametrize(("medium", "word"), [(3, "healthy"), (4, "needs a look")])
def test_ninety_is_healthy(medium: int, word: str) -> None:
    assert health(replace(WELL, alerts={"medium": medium}), NOW).word == word
