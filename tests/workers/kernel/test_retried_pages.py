"""A page gone through again takes everybody along, does nothing twice, and is counted once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from apps.core.modes import RunMode
from apps.runs.actions import emergency_stop, request_run
from apps.runs.models import Effect
from tests.workers.kernel.steps import Killed, later
from tests.workers.kernel.world import NOON, Number, Outside, Poke, clean
from workers.kernel import acting
from workers.kernel.automation import InDoubt, NotDone
from workers.kernel.executor import run_batch
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def test_a_retried_page_takes_those_along_who_became_due_inside_it(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    outside.due = [1, 3, 5]
    run = request_run("test.poke", NOON, RunMode.LIVE, "ann", NOON)
    with monkeypatch.context() as patch:
        patch.setattr(acting, "act_on", die)
        with pytest.raises(Killed):
            run_batch(simulation.engine, run.batches.get(number=0).id)
    simulation.todo.clear()
    outside.due = [1, 2, 3, 4, 5, 6]
    later(simulation, Poke.timeout + timedelta(minutes=1))
    assert sorted(outside.calls) == [f"poke:{n}" for n in range(1, 7)]


def test_two_subjects_of_one_effect_are_one_act_and_fail_nobody(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "key", lambda self, facts: f"poke:{facts.subject_id // 2}")
    outside.due = [2, 3, 4]
    run = run_in(simulation, "test.poke")
    assert outside.calls == ["poke:1", "poke:2"]
    assert (run.state, run.acted) == ("done", 2)
    assert run.skip_reasons == {"another subject of this page has the same effect": 1}


def test_a_stop_seen_by_one_page_keeps_the_counts_of_another_in_hand(
    simulation: Simulation, outside: Outside
) -> None:
    outside.due = [1, 2, 3, 4, 5, 6]
    run = request_run("test.poke", NOON, RunMode.LIVE, "ann", NOON)

    def stop(key: str) -> None:
        if key == "poke:3":
            emergency_stop("ann", simulation.clock.now)
            run_batch(simulation.engine, run.batches.get(number=1).id)  # another worker takes the next page

    outside.after = stop
    simulation.drain()
    run.refresh_from_db()
    assert outside.calls == ["poke:1", "poke:2", "poke:3"]
    assert (run.seen, run.acted, run.error) == (3, 3, "emergency stop")


def test_a_run_gone_through_again_still_counts_what_it_had_done(
    simulation: Simulation, outside: Outside
) -> None:
    outside.due = [1, 2]
    assert run_in(simulation, "test.poke").acted == 2
    again = run_in(simulation, "test.poke")
    assert (again.acted, again.seen, len(outside.calls)) == (2, 0, 2)


def test_one_that_cannot_be_given_up_does_not_lose_the_receipts_of_the_others(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "page_size", 50)
    monkeypatch.setattr(Poke, "receipts_at_once", 8)
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)

    def refuse(key: str) -> None:
        if key == "poke:3":
            raise Refused("no")

    def give_up(self: Poke, not_done: Sequence[NotDone[Number]], *, now: datetime) -> None:
        raise OSError("the app's bookkeeping")

    monkeypatch.setattr(Poke, "give_up", give_up)
    outside.fail, outside.due = refuse, [1, 2, 3, 4]
    run_in(simulation, "test.poke")
    assert sorted(outside.booked) == ["poke:1", "poke:2", "poke:4"]
    assert dict(Effect.objects.exclude(key="poke:3").values_list("key", "state")) == {
        "poke:1": "done",
        "poke:2": "done",
        "poke:4": "done",
    }
