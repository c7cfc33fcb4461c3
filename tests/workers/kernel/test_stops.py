"""What a stop, a cooldown or a swallowed message holds up is done afterwards, once."""

from datetime import timedelta

import pytest

from apps.core.modes import RunMode
from apps.runs.actions import emergency_stop, request_run, resume
from apps.runs.models import Run
from apps.runs.pruning import forget_empty_runs, forget_old_runs
from apps.runs.wake import wake
from tests.workers.kernel.steps import in_turn, later
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.automation import Computation, ComputeContext, Limits
from workers.kernel.schedule import Row
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused, Unavailable

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Score(Computation):
    """Counts its own runs.

    Reads: nothing. Changes: the list of slots. To stop: switch it off.
    """

    name = "test.score"
    slots: list[str]

    def compute(self, ctx: ComputeContext) -> dict[str, int]:
        self.slots.append(f"{ctx.slot:%H:%M}")
        return {"scored": 1}


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def test_what_a_stop_of_days_left_unbegun_is_done_after_it(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "page_size", 100)
    outside.due = [1, 2, 3, 4]

    def stop(key: str) -> None:
        simulation.clock.now += timedelta(seconds=2)
        if key == "poke:2":
            emergency_stop("ann", simulation.clock.now)

    outside.after = stop
    run_in(simulation, "test.poke")
    assert outside.calls == ["poke:1", "poke:2"]
    later(simulation, DAY, times=4)
    assert len(outside.calls) == 2
    resume("ann", simulation.clock.now)
    simulation.drain()
    assert sorted(outside.calls) == [f"poke:{n}" for n in range(1, 5)]


def test_the_slot_of_a_computation_is_caught_up_after_the_stop(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Score, "slots", [], raising=False)
    simulation = simulate([Score], now=NOON - 5 * MINUTE, table=[Row(Score, "0 12 * * *")])
    emergency_stop("ann", simulation.clock.now)
    later(simulation, 6 * MINUTE)
    assert Score.slots == []
    resume("ann", simulation.clock.now)
    later(simulation, HOUR, times=3)
    assert Score.slots == ["12:00"]


def test_a_slot_whose_run_is_old_and_empty_is_not_run_again_after_pruning(outside: Outside) -> None:
    outside.due = []
    simulation = simulate([Poke], now=NOON - 5 * MINUTE, table=[Row(Poke, "0 12 * * 1")])
    later(simulation, 6 * MINUTE)
    assert Run.objects.count() == 1
    outside.due = [1]
    simulation.clock.now += 2 * DAY
    forget_empty_runs(simulation.clock.now - DAY)
    forget_old_runs(simulation.clock.now - DAY)
    simulation.tick()
    assert outside.calls == []


def test_a_run_that_cools_down_says_what_it_would_have_done_and_does_not_count_it(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "limits", Limits(cooldown=HOUR))
    outside.fail = in_turn(Refused("no"))
    run_in(simulation, "test.poke")
    outside.due = [2]
    simulation.clock.now += 5 * MINUTE
    run = run_in(simulation, "test.poke")
    reason = "would act: cooling down until 2026-03-02 13:00 UTC after a failure"
    assert (run.acted, run.skip_reasons, outside.calls) == (0, {reason: 1}, [])


def test_a_wake_up_is_not_swallowed_by_a_dry_run_that_waits(simulation: Simulation, outside: Outside) -> None:
    request_run("test.poke", NOON, RunMode.DRY_RUN, "ann", NOON)
    simulation.todo.clear()
    wake("test.poke")
    simulation.drain()
    assert outside.calls == ["poke:1"]


def test_what_waits_and_is_no_longer_found_does_not_wake_its_automation_at_every_tick(
    simulation: Simulation, outside: Outside
) -> None:
    outside.fail = in_turn(Unavailable("busy"))
    run_in(simulation, "test.poke")
    outside.due = []
    later(simulation, timedelta(seconds=15), times=40)
    assert Run.objects.filter(trigger="wake").count() == 1
