"""Every applied change is looked at; its kind learns; harm is undone."""

from datetime import timedelta

import pytest

from apps.runs.models import Confidence, Effect, EvolutionEntry, Observation
from tests.workers.kernel.world import NOON, Outside, WatchedPoke, clean
from workers.kernel.automation import Outcome, OutcomeState
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Unavailable

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    simulation = simulate([WatchedPoke], now=NOON)
    run_in(simulation, "test.watched_poke")
    return simulation


def at(simulation: Simulation, moment: timedelta) -> None:
    simulation.clock.now = NOON + moment
    simulation.tick()


def test_it_is_looked_at_when_its_time_has_come(simulation: Simulation) -> None:
    at(simulation, HOUR - timedelta(seconds=1))
    assert Observation.objects.get().looks == 0
    at(simulation, HOUR)
    observation = Observation.objects.get()
    assert (observation.state, observation.looks, observation.note) == ("success", 1, "fine")
    assert (Confidence.objects.get().successes, Confidence.objects.get().failures) == (1, 0)
    outcome = EvolutionEntry.objects.get(change_type="outcome:watched_poke")
    assert outcome.success is True
    at(simulation, 2 * HOUR)
    assert Confidence.objects.get().successes == 1


def test_inconclusive_is_looked_at_again_until_the_window_ends(
    simulation: Simulation, outside: Outside
) -> None:
    outside.outcome = Outcome(OutcomeState.INCONCLUSIVE, "9 requests, need 20")
    for hours in (1, 2, 3, 4):
        at(simulation, hours * HOUR)
        assert Observation.objects.get().state == "watching"
    at(simulation, 5 * HOUR)
    assert Observation.objects.get().state == "inconclusive"
    assert Confidence.objects.count() == 0
    assert EvolutionEntry.objects.get(change_type="outcome:watched_poke").success is None


def test_worse_is_undone_logged_and_taught(simulation: Simulation, outside: Outside) -> None:
    outside.outcome = Outcome(OutcomeState.WORSE, "p95 doubled")
    at(simulation, HOUR)
    assert outside.undone == ["undo:watched:1"]
    assert Observation.objects.get().state == "rolled_back"
    assert Confidence.objects.get().failures == 1
    assert EvolutionEntry.objects.filter(change_type="rollback:watched_poke", success=True).count() == 1
    undo = Effect.objects.get(key="undo:watched:1")
    assert (undo.state, undo.undoes) == ("done", "watched:1")


def test_an_undo_that_fails_is_tried_until_it_is_done(simulation: Simulation, outside: Outside) -> None:
    outside.outcome = Outcome(OutcomeState.WORSE, "p95 doubled")
    outside.fail = _busy
    at(simulation, HOUR)
    assert (outside.undone, Observation.objects.get().state) == ([], "watching")
    outside.fail = lambda key: None
    at(simulation, 2 * HOUR)
    assert (outside.undone, Observation.objects.get().state) == (["undo:watched:1"], "rolled_back")


def _busy(_key: str) -> None:
    raise Unavailable("busy")


def test_failure_teaches_and_leaves_it_in_place(simulation: Simulation, outside: Outside) -> None:
    outside.outcome = Outcome(OutcomeState.FAILURE, "no gain")
    at(simulation, HOUR)
    assert (outside.undone, Confidence.objects.get().failures) == ([], 1)
    assert EvolutionEntry.objects.get(change_type="outcome:watched_poke").success is False


def test_a_window_that_ends_with_nobody_to_ask_is_held_open_as_long_again(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> Outcome:
        raise Unavailable("no route")

    monkeypatch.setattr(WatchedPoke, "measure", unreachable)
    at(simulation, 5 * HOUR)
    assert Observation.objects.get().state == "watching"
    at(simulation, 10 * HOUR)
    assert (Observation.objects.get().state, Confidence.objects.count()) == ("inconclusive", 0)
