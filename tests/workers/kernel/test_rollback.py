"""Harm is undone once, is called undone only when it is, and a cooldown does not hold it up."""

from datetime import timedelta

import pytest

from apps.runs.models import Alert, Confidence, Observation
from tests.workers.kernel.steps import in_turn, later
from tests.workers.kernel.world import NOON, Outside, WatchedPoke, clean
from workers.kernel.automation import Limits, Outcome, OutcomeState
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused, Unknown

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
WORSE = Outcome(OutcomeState.WORSE, "p95 doubled")


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    simulation = simulate([WatchedPoke], now=NOON)
    run_in(simulation, "test.watched_poke")
    outside.outcome = WORSE
    return simulation


def test_a_change_whose_undo_was_in_doubt_is_not_measured_again(
    simulation: Simulation, outside: Outside
) -> None:
    outside.fail = in_turn(Unknown("cut"))
    later(simulation, HOUR)
    assert (outside.undone, Observation.objects.get().state) == ([], "watching")
    later(simulation, timedelta(minutes=5))
    assert outside.undone == ["undo:watched:1"]
    outside.outcome = Outcome(OutcomeState.SUCCESS, "good again")
    later(simulation, HOUR)
    assert Observation.objects.get().state == "rolled_back"
    assert (Confidence.objects.get().successes, Confidence.objects.get().failures) == (0, 1)


def test_harm_that_cannot_be_undone_is_said_at_once_and_not_called_undone(
    simulation: Simulation, outside: Outside
) -> None:
    outside.fail = in_turn(Refused("not ours"))
    later(simulation, HOUR)
    assert (outside.undone, Observation.objects.get().state) == ([], "failure")
    assert Alert.objects.get(kind="rollback_failed").severity == "critical"
    assert Confidence.objects.get().failures == 1


def test_the_cooldown_after_one_harm_does_not_delay_the_undoing_of_the_next(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WatchedPoke, "limits", Limits(cooldown=timedelta(hours=8)))
    outside.due = [1, 2]
    simulation = simulate([WatchedPoke], now=NOON)
    run_in(simulation, "test.watched_poke")
    outside.outcome = WORSE
    later(simulation, HOUR)
    assert sorted(outside.undone) == ["undo:watched:1", "undo:watched:2"]
