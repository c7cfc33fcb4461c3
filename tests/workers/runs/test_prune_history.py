"""Old runs are forgotten to the day; what is not over keeps its facts, and the log keeps everything."""

from datetime import timedelta

import pytest

from apps.runs.actions import raise_alert, resolve_alerts
from apps.runs.models import Alert, Batch, Effect, EvolutionEntry, Run, Step
from tests.workers.kernel.world import NOON, Outside, Poke, clean
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


def test_a_run_that_found_nothing_is_kept_one_day(outside: Outside) -> None:
    outside.due = []
    empty = run_once(Poke, now=NOON)
    prune(DAY)
    assert Run.objects.filter(id=empty.id).exists()
    prune(DAY + SECOND)
    assert not Run.objects.filter(id=empty.id).exists()


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
