"""A lease that runs out: what was not begun is given back, what somebody else took is left to them."""

from datetime import timedelta

import pytest

from apps.runs.models import Alert, Effect
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.automation import InDoubt, Limits
from workers.kernel.janitor import settle
from workers.kernel.simulation import Simulation
from workers.kernel.sweeper import tick
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused, Unavailable

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As kill -9: nothing catches it."""


@pytest.fixture
def outside() -> Outside:
    return clean()


@pytest.fixture
def simulation(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Simulation:
    monkeypatch.setattr(Poke, "page_size", 50)
    outside.due = [1, 2, 3, 4, 5]
    return simulate([Poke], now=NOON)


def states() -> dict[str, str]:
    return dict(Effect.objects.values_list("key", "state"))


def die_at(outside: Outside, key: str) -> None:
    def die(called: str) -> None:
        if called == key:
            raise Killed

    outside.after = die


@pytest.mark.parametrize(("at_once", "in_doubt"), [(1, 1), (2, 2), (50, 5)])
def test_of_what_must_not_be_repeated_only_a_portion_is_ever_in_doubt(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch, at_once: int, in_doubt: int
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)
    monkeypatch.setattr(Poke, "receipts_at_once", at_once)
    die_at(outside, "poke:1")
    with pytest.raises(Killed):
        run_in(simulation, "test.poke")
    assert list(states().values()).count("claimed") == in_doubt

    simulation.todo.clear()
    outside.due.remove(1)
    simulation.clock.now += Poke.timeout + timedelta(minutes=1)
    simulation.tick()
    run_in(simulation, "test.poke")
    assert outside.calls.count("poke:1") == 1
    assert list(states().values()).count("unknown") == in_doubt
    assert len(set(outside.calls)) == 5 - in_doubt + 1


def test_what_may_be_repeated_is_claimed_as_one(simulation: Simulation, outside: Outside) -> None:
    die_at(outside, "poke:1")
    with pytest.raises(Killed):
        run_in(simulation, "test.poke")
    assert list(states().values()) == ["claimed"] * 5


def test_no_call_is_begun_at_the_end_of_a_lease(simulation: Simulation, outside: Outside) -> None:
    def take_two_minutes(_key: str) -> None:
        simulation.clock.now += timedelta(minutes=2)

    outside.after = take_two_minutes
    run = run_in(simulation, "test.poke")
    assert outside.calls == ["poke:1", "poke:2", "poke:3"]  # begun at 0, 2 and 4 of 5 minutes
    assert run.skip_reasons == {"stopped in mid-page": 2}
    assert [state for key, state in sorted(states().items())] == ["done"] * 3 + ["waiting"] * 2
    outside.after = lambda key: None
    simulation.tick()
    assert outside.calls == [f"poke:{n}" for n in range(1, 6)]


def test_a_slow_page_that_must_not_be_repeated_claims_no_more(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)

    def take_five_minutes(_key: str) -> None:
        simulation.clock.now += timedelta(minutes=5)

    outside.after = take_five_minutes
    run = run_in(simulation, "test.poke")
    assert (states(), run.skip_reasons) == ({"poke:1": "done"}, {"stopped in mid-page": 4})


@pytest.mark.parametrize("late", [Unavailable("busy"), Refused("no such invoice"), ValueError("ours")])
def test_a_late_failure_does_not_undo_what_another_worker_did(
    simulation: Simulation, outside: Outside, late: Exception
) -> None:
    outside.due = [1]

    def stall(key: str) -> None:
        outside.fail = lambda key: None
        simulation.clock.now += Poke.timeout + timedelta(seconds=1)
        assert settle(simulation.engine, key) == "done"
        raise late

    outside.fail = stall
    run_in(simulation, "test.poke")
    assert (states(), outside.calls, outside.given_up) == ({"poke:1": "done"}, ["poke:1"], [])


def test_a_late_failure_leaves_a_claim_to_its_new_owner(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1]

    def stall(key: str) -> None:
        Effect.objects.filter(key=key).update(attempts=2)  # as the janitor's taking marks it
        raise Unavailable("busy")

    outside.fail = stall
    run_in(simulation, "test.poke")
    assert states() == {"poke:1": "claimed"}


def test_a_tick_says_once_that_many_are_in_doubt(simulation: Simulation, outside: Outside) -> None:
    die_at(outside, "poke:1")
    with pytest.raises(Killed):
        run_in(simulation, "test.poke")
    outside.after = lambda key: None
    simulation.todo.clear()
    simulation.clock.now += Poke.timeout + timedelta(minutes=1)
    ticked = tick(simulation.engine)
    assert [kind for _, kind, _ in ticked.found].count("doubts") == 1
    simulation.drain()
    assert set(states().values()) == {"done"}


def test_what_is_in_hand_already_is_not_left_out_by_a_limit(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "limits", Limits(per_day=100))
    die_at(outside, "poke:1")
    with pytest.raises(Killed):
        run_in(simulation, "test.poke")
    simulation.todo.clear()
    simulation.clock.now += timedelta(minutes=1)
    run = run_in(simulation, "test.poke")
    assert run.skip_reasons == {"already done or in hand": 5}
    assert not Alert.objects.exists()
