"""Replay tells what today's rule would decide otherwise, and touches nothing."""

from datetime import timedelta

import pytest

from apps.core.decision import Verdict
from apps.runs.models import Effect, Step
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.replaying import Replayed, replay
from workers.kernel.testing import run_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1, 2]
    run_once(Poke, now=NOON)
    return outside


def replayed() -> tuple[Replayed, list[str]]:
    tally = Replayed()
    return tally, [difference.what for difference in replay(Poke(), NOON - timedelta(days=1), tally)]


def test_the_same_rule_decides_the_same(outside: Outside) -> None:
    tally, differences = replayed()
    assert (tally.steps, differences) == (2, [])


def test_a_changed_rule_is_listed_and_touches_nothing(outside: Outside) -> None:
    outside.verdict = Verdict.ASK
    outside.judge = (0.9, 0.1)
    _, differences = replayed()
    assert differences == ["act → ask (due); confidence None → 0.9, risk None → 0.1"] * 2
    assert (Effect.objects.count(), outside.calls) == (2, ["poke:1", "poke:2"])


def test_facts_of_an_older_shape_are_counted(outside: Outside) -> None:
    Step.objects.filter(subject_id=1).update(facts={"subject": "one"})
    tally, differences = replayed()
    assert (tally.steps, tally.unreadable, differences) == (2, 1, [])


def test_only_the_asked_days(outside: Outside) -> None:
    tally = Replayed()
    assert list(replay(Poke(), NOON + timedelta(seconds=1), tally)) == []
    assert tally.steps == 0
