"""The tick finds everything that is due or lost; ticking more often changes nothing."""

from datetime import timedelta

import pytest

from apps.core.modes import Mode, RunMode
from apps.runs.actions import open_run, set_mode
from apps.runs.models import AutomationEntry, Batch, Heartbeat, Run, Trigger
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.catalogue import sync_catalogue
from workers.kernel.registry import Registry
from workers.kernel.schedule import Row
from workers.kernel.simulation import Simulation
from workers.kernel.sweeper import tick
from workers.kernel.testing import simulate

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outside() -> Outside:
    return clean()


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON - MINUTE, table=[Row(Poke, "0 * * * *")])


def test_two_beats_open_one_run(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1, 2]
    simulation.clock.now = NOON
    first = tick(simulation.engine)
    second = tick(simulation.engine)
    simulation.drain()
    assert (first.opened, second.opened) == (["test.poke"], [])
    assert (Run.objects.count(), outside.calls) == (1, ["poke:1", "poke:2"])


def test_beat_dead_for_a_day_and_back(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1]
    simulation.clock.now = NOON + timedelta(days=1)
    simulation.tick()
    assert list(Run.objects.values_list("slot", flat=True)) == [NOON + timedelta(days=1)]
    assert outside.calls == ["poke:1"]


def test_a_lost_message_is_sent_again(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1]
    simulation.clock.now = NOON
    tick(simulation.engine)
    simulation.todo.clear()  # the broker was flushed
    simulation.clock.now = NOON + timedelta(seconds=46)
    simulation.tick()
    assert outside.calls == ["poke:1"]


def test_a_page_of_a_dead_worker_is_sent_again_after_its_lease(
    simulation: Simulation, outside: Outside
) -> None:
    outside.due = [1]
    run = open_run("test.poke", NOON, RunMode.LIVE, Trigger.SCHEDULE, NOON)
    assert run is not None
    Batch.objects.update(state="running", attempts=1, lease_until=NOON + Poke.timeout, started_at=NOON)
    simulation.clock.now = NOON + Poke.timeout
    simulation.tick()
    assert outside.calls == []
    simulation.clock.now += MINUTE
    simulation.tick()
    assert (outside.calls, Run.objects.get(id=run.id).state) == (["poke:1"], "done")


def test_a_page_that_kills_every_worker_is_given_up(simulation: Simulation) -> None:
    run = open_run("test.poke", NOON, RunMode.LIVE, Trigger.SCHEDULE, NOON)
    assert run is not None
    Batch.objects.update(state="running", attempts=5, lease_until=NOON, started_at=NOON)
    simulation.clock.now = NOON + MINUTE
    simulation.tick()
    run.refresh_from_db()
    assert run.state == "failed"
    assert "again and again" in run.error


@pytest.mark.parametrize(("mode", "runs"), [(Mode.OFF, []), (Mode.SHADOW, ["shadow"]), (Mode.LIVE, ["live"])])
def test_the_switch_takes_effect_at_the_next_tick(
    simulation: Simulation, mode: Mode, runs: list[str]
) -> None:
    set_mode("test.poke", mode, "ann", NOON)
    simulation.clock.now = NOON
    simulation.tick()
    assert list(Run.objects.values_list("mode", flat=True)) == runs


def test_the_catalogue_follows_the_code_and_keeps_the_switch(simulation: Simulation) -> None:
    set_mode("test.poke", Mode.OFF, "ann", NOON)
    AutomationEntry.objects.filter(name="test.poke").update(summary="old words")
    AutomationEntry.objects.create(name="test.gone", known_since=NOON)
    assert sync_catalogue(simulation.engine, now=NOON) == 2
    entry = AutomationEntry.objects.get(name="test.poke")
    assert (entry.mode, entry.summary, entry.schedule) == ("off", "Pokes numbers.", "0 * * * *")
    assert AutomationEntry.objects.get(name="test.gone").retired
    assert sync_catalogue(simulation.engine, now=NOON) == 0


def test_the_tick_leaves_its_heartbeat(simulation: Simulation) -> None:
    simulation.tick()
    assert Heartbeat.objects.get(name="tick").at == NOON - MINUTE


def test_one_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared by"):
        Registry([Poke, Poke])
