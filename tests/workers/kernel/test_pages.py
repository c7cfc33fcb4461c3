"""A run goes through every due subject once, page by page, whatever happens to single ones."""

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.core.modes import Mode, RunMode
from apps.runs.actions import request_run, set_mode
from apps.runs.models import Alert, Effect, EvolutionEntry, Run, Step
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.executor import run_batch
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, run_once, simulate

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside() -> Outside:
    return clean()


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def test_every_due_subject_is_acted_upon_once(outside: Outside) -> None:
    outside.due = list(range(1, 9))
    run = run_once(Poke, now=NOON)
    assert outside.calls == [f"poke:{n}" for n in range(1, 9)]
    assert (run.state, run.seen, run.acted, run.skipped, run.failed) == ("done", 8, 8, 0, 0)
    assert run.batches.count() == 3
    assert Effect.objects.filter(state="done").count() == 8
    assert Step.objects.filter(run=run).count() == 8


def test_nothing_due_is_a_run_of_one_empty_page(outside: Outside) -> None:
    run = run_once(Poke, now=NOON)
    assert (run.state, run.seen, run.acted, run.batches.count()) == ("done", 0, 0, 1)


def test_a_full_last_page_ends_with_an_empty_one(outside: Outside) -> None:
    outside.due = [1, 2, 3]
    run = run_once(Poke, now=NOON)
    assert (run.acted, run.batches.count()) == (3, 2)


def test_skips_are_counted_by_reason_and_one_bad_subject_stops_nobody(outside: Outside) -> None:
    outside.due = [9, 10, 13, 20, 21]
    run = run_once(Poke, now=NOON)
    assert outside.calls == ["poke:9", "poke:21"]
    assert run.skip_reasons == {"round number": 2}
    assert (run.seen, run.acted, run.skipped, run.failed) == (5, 2, 2, 1)
    assert Alert.objects.get(kind="rule_failed").detail == "subject 13: ZeroDivisionError: thirteen"


def test_the_same_slot_again_repeats_nothing(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1, 2]
    run_in(simulation, "test.poke")
    outside.due = [1, 2]
    again = run_in(simulation, "test.poke")
    assert outside.calls == ["poke:1", "poke:2"]
    assert Run.objects.count() == 1
    assert again.skip_reasons == {"already done or in hand": 2}


def test_every_effect_is_in_the_log_with_its_reason_and_receipt(outside: Outside) -> None:
    outside.due = [7]
    run_once(Poke, now=NOON)
    entry = EvolutionEntry.objects.get()
    assert (entry.change_type, entry.description, entry.reason) == ("poke", "Poke 7", "due")
    assert (entry.success, entry.effect_key, entry.customer_id) == (True, "poke:7", 7)
    assert entry.outcome == {"poked": 7}
    assert entry.inputs["subject_id"] == 7


@pytest.mark.parametrize("mode", [RunMode.DRY_RUN, RunMode.SHADOW])
def test_dry_run_and_shadow_record_and_touch_nothing(outside: Outside, mode: RunMode) -> None:
    outside.due = [1, 2, 10]
    run = run_once(Poke, now=NOON, mode=mode)
    assert outside.calls == []
    assert Effect.objects.count() == EvolutionEntry.objects.count() == 0
    assert (run.acted, run.skipped) == (2, 1)
    assert list(Step.objects.values_list("effect_key", flat=True).order_by("id")) == ["poke:1", "poke:2"]


def test_a_switched_off_automation_is_skipped_and_says_so(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1]
    set_mode("test.poke", Mode.OFF, "ann", NOON)
    run = run_in(simulation, "test.poke")
    assert (run.state, run.error, outside.calls) == ("skipped", "switched off", [])


def test_switched_to_shadow_in_between_a_live_run_touches_nothing(
    simulation: Simulation, outside: Outside
) -> None:
    outside.due = [1]
    set_mode("test.poke", Mode.SHADOW, "ann", NOON)
    run = run_in(simulation, "test.poke")
    assert (run.acted, run.skip_reasons, outside.calls) == (0, {"would act: in shadow": 1}, [])


def test_a_redelivered_page_in_hand_is_left_alone(simulation: Simulation, outside: Outside) -> None:
    outside.due = [1]
    run = request_run("test.poke", NOON, RunMode.LIVE, "ann", NOON)
    batch = run.batches.get()
    assert run_batch(simulation.engine, batch.id) is not None
    assert run_batch(simulation.engine, batch.id) is None
    assert outside.calls == ["poke:1"]


@pytest.mark.parametrize("subjects", [[1, 2], [n for n in range(100, 124) if n % 13 and n % 10]])
def test_a_page_takes_the_same_queries_however_many_subjects(
    simulation: Simulation,
    outside: Outside,
    subjects: list[int],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(Poke, "page_size", 1000)
    monkeypatch.setattr(Poke, "receipts_at_once", 1000)
    outside.due = list(subjects)
    run = request_run("test.poke", NOON, RunMode.LIVE, "ann", NOON)
    with django_assert_num_queries(20):
        run_batch(simulation.engine, run.batches.get().id)
    assert len(outside.calls) == len(subjects)
