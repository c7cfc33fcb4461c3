"""Old runs are forgotten to the day; what is not over keeps its facts, and the log keeps everything."""

from datetime import timedelta

import pytest

from apps.runs.actions import raise_alert, resolve_alerts
from apps.runs.models import Alert, Batch, Effect, EvolutionEntry, Run, Step
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.dispatch import look_now
from workers.kernel.schedule import Row
from workers.kernel.testing import run_in, run_once, simulate
from workers.ports import Unavailable
from workers.runs.prune_history import PruneHistory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


def prune(days: timedelta) -> Run:
    return run_once(PruneHistory, now=NOON + days)


def test_a_run_is_kept_ninety_days_to_the_second(outside: Outside) -> None:
    run = run_once(Poke, now=NOON)
    prune(90 * DAY)
    assert Run.objects.filter(id=run.id).exists()
    assert prune(90 * DAY + SECOND).counts["old_runs"] >= 1
    assert not Run.objects.filter(id=run.id).exists()
    assert Step.objects.count() == 0
    assert Batch.objects.filter(run__automation="test.poke").count() == 0
    assert (Effect.objects.count(), EvolutionEntry.objects.count()) == (1, 1)


def test_a_wake_up_that_found_nothing_is_kept_one_day_and_a_tick_ninety(outside: Outside) -> None:
    outside.due = []
    tick = run_once(Poke, now=NOON)
    simulation = simulate([Poke], now=NOON)
    look_now(simulation.engine, "test.poke")
    woken = Run.objects.get(trigger="wake")
    prune(DAY)
    assert Run.objects.filter(id=woken.id).exists()
    prune(DAY + SECOND)
    assert not Run.objects.filter(id=woken.id).exists()
    assert Run.objects.filter(id=tick.id).exists()


def test_the_newest_tick_of_an_automation_is_never_forgotten(outside: Outside) -> None:
    weekly = [Row(Poke, "0 12 * * 1")]
    simulation = simulate([Poke], now=NOON - DAY, table=weekly)
    simulation.clock.now = NOON
    simulation.tick()
    assert Run.objects.get(trigger="schedule").slot == NOON
    prune(91 * DAY)
    assert Run.objects.filter(trigger="schedule").count() == 1


def test_what_still_waits_keeps_the_facts_it_was_decided_from(outside: Outside) -> None:
    def busy(_key: str) -> None:
        raise Unavailable("busy")

    outside.fail = busy
    simulation = simulate([Poke], now=NOON)
    run = run_in(simulation, "test.poke")
    prune(91 * DAY)
    assert Run.objects.filter(id=run.id).exists()
    assert Step.objects.filter(run=run).exists()


def test_settled_alerts_go_and_open_ones_stay(outside: Outside) -> None:
    raise_alert("k", "settled", "t", "d", "high", NOON)
    raise_alert("k", "open", "t", "d", "high", NOON)
    resolve_alerts("settled", "ann", NOON)
    prune(90 * DAY + SECOND)
    assert list(Alert.objects.values_list("dedupe_key", flat=True)) == ["open"]
