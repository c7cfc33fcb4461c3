"""An index waits for approval, is built, measured, kept or dropped; and teaches how far this kind is trusted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.modes import RunMode
from apps.platform.models import SlowQuery
from apps.runs.actions import approve, edit, reject
from apps.runs.models import Confidence, Effect, EvolutionEntry, Observation, Proposal
from tests.workers.platform.test_watch_queries import BY_CUSTOMER, NOON, shop
from workers.gateways.scripted_target import ScriptedQuery, ScriptedTarget
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.platform.create_index import CreateIndex
from workers.platform.watch_queries import WatchQueries
from workers.ports import Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db


@pytest.fixture
def target() -> ScriptedTarget:
    return shop()


@pytest.fixture
def simulation(target: ScriptedTarget) -> Simulation:
    made = simulate([WatchQueries, CreateIndex], now=NOON, target=target)
    run_in(made, WatchQueries.name)
    return made


def later(simulation: Simulation, **time: float) -> None:
    simulation.clock.now += timedelta(**time)
    simulation.tick()


def approved(simulation: Simulation) -> Proposal:
    proposal = Proposal.objects.get()
    approve([proposal.id], "ann", simulation.clock.now)
    simulation.drain()
    proposal.refresh_from_db()
    return proposal


def test_finding_a_candidate_asks_at_once(simulation: Simulation, target: ScriptedTarget) -> None:
    proposal = Proposal.objects.get()
    assert proposal.status == "pending"
    assert "has not earned it yet" in proposal.waits_because
    assert (proposal.confidence_score, proposal.risk_score) == (0.85, 0.05)
    assert proposal.way_back.startswith("DROP INDEX CONCURRENTLY public.apex_orders_customer_id_")
    assert proposal.evidence["query"] == BY_CUSTOMER
    assert proposal.params == {"columns": "customer_id"}
    assert target.done == []


def test_approved_it_is_built_and_recorded(simulation: Simulation, target: ScriptedTarget) -> None:
    proposal = approved(simulation)
    row = SlowQuery.objects.get()
    assert proposal.status == "applied"
    assert target.done == [("create", row.index_name)]
    assert (row.state, row.before_ms, row.indexed_at) == ("indexed", 2_000, NOON)
    receipt = Effect.objects.get().receipt
    assert receipt is not None
    assert (receipt["before_ms"], receipt["calls_then"]) == (2_000, 10)


def test_rejected_it_is_not_asked_again(simulation: Simulation, target: ScriptedTarget) -> None:
    reject([Proposal.objects.get().id], "ann", NOON, "not on orders")
    later(simulation, minutes=5)
    run_in(simulation, WatchQueries.name)
    assert Proposal.objects.count() == 1
    assert target.done == []


def test_a_gain_keeps_the_index_and_teaches(simulation: Simulation, target: ScriptedTarget) -> None:
    approved(simulation)
    target.run(1, 20)
    later(simulation, minutes=11)
    observation = Observation.objects.get()
    assert observation.state == "success"
    assert "2,000.0 ms → 4.0 ms, 100% faster (20 calls since)" in observation.note
    assert Confidence.objects.get(change_type="index").successes == 1
    run_in(simulation, WatchQueries.name)
    row = SlowQuery.objects.get()
    assert (row.state, row.recent_ms) == ("indexed", 4)
    assert row.reason.startswith("Kept: ")


def test_too_few_calls_wait_for_more(simulation: Simulation, target: ScriptedTarget) -> None:
    approved(simulation)
    target.run(1, 4)
    later(simulation, minutes=11)
    assert Observation.objects.get().state == "watching"
    target.run(1, 1)
    later(simulation, minutes=61)
    assert Observation.objects.get().state == "success"


def test_an_index_without_gain_is_dropped_and_not_tried_again(
    simulation: Simulation, target: ScriptedTarget
) -> None:
    target.queries[1].really_helps = False
    approved(simulation)
    name = SlowQuery.objects.get().index_name
    target.run(1, 6)
    later(simulation, minutes=11)
    assert target.done == [("create", name), ("drop", name)]
    assert Observation.objects.get().state == "rolled_back"
    assert Confidence.objects.get(change_type="index").failures == 1
    assert EvolutionEntry.objects.filter(change_type="rollback:index", success=True).count() == 1
    run_in(simulation, WatchQueries.name)
    later(simulation, hours=2)
    row = SlowQuery.objects.get()
    assert row.state == "watched"
    assert row.reason.startswith("Tried and dropped again: ")
    assert Proposal.objects.count() == 1
    assert len(target.done) == 2


@pytest.mark.parametrize(("helps", "state"), [(True, "success"), (False, "rolled_back")])
def test_a_query_nobody_runs_is_judged_by_our_own_runs_in_the_end(
    simulation: Simulation, target: ScriptedTarget, helps: bool, state: str
) -> None:
    target.queries[1].really_helps = helps
    approved(simulation)
    later(simulation, hours=71)
    assert Observation.objects.get().state == "watching"
    later(simulation, hours=2)
    assert Observation.objects.get().state == state


def test_edited_columns_are_built_measured_and_dropped_under_their_own_name(
    simulation: Simulation, target: ScriptedTarget
) -> None:
    target.queries[1].really_helps = False
    proposal = Proposal.objects.get()
    edit(proposal.id, {"columns": "customer_id, placed_at"}, "ann", NOON)
    approved(simulation)
    row = SlowQuery.objects.get()
    assert row.columns == ["customer_id", "placed_at"]
    assert target.done == [("create", row.index_name)]
    target.run(1, 6)
    later(simulation, minutes=11)
    assert target.done[1] == ("drop", row.index_name)


def test_a_bad_edit_fails_the_proposal_with_a_sentence(
    simulation: Simulation, target: ScriptedTarget
) -> None:
    edit(Proposal.objects.get().id, {"columns": "a, a"}, "ann", NOON)
    proposal = approved(simulation)
    assert (proposal.status, proposal.result) == ("failed", "A column is named twice.")
    assert target.done == []


def test_a_database_that_is_away_makes_it_wait(simulation: Simulation, target: ScriptedTarget) -> None:
    target.fail.append(Unavailable("lock timeout"))
    proposal = approved(simulation)
    assert (proposal.status, proposal.result) == ("approved", "lock timeout")
    later(simulation, minutes=3)
    assert Proposal.objects.get().status == "applied"
    assert len(target.done) == 1


def test_lost_in_the_middle_it_is_repeated_without_harm(
    simulation: Simulation, target: ScriptedTarget
) -> None:
    target.fail.append(Unknown("connection lost"))
    approved(simulation)
    assert Effect.objects.get().state == "doubt"
    later(simulation, minutes=3)
    later(simulation, minutes=3)
    assert Effect.objects.get().state == "done"
    assert len(target.done) == 1


def test_refused_it_says_so_and_is_not_proposed_again(simulation: Simulation, target: ScriptedTarget) -> None:
    target.fail.append(Refused("must be owner of table orders"))
    assert approved(simulation).status == "failed"
    run_in(simulation, WatchQueries.name)
    row = SlowQuery.objects.get()
    assert (row.state, row.reason) == ("watched", "Not built: must be owner of table orders")
    later(simulation, hours=2)
    assert Proposal.objects.count() == 1


def test_ten_good_ones_earn_the_right_to_act_alone(simulation: Simulation, target: ScriptedTarget) -> None:
    Confidence.objects.create(change_type="index", successes=14, failures=0, updated_at=NOON)
    Proposal.objects.all().delete()
    later(simulation, hours=1)
    run_in(simulation, CreateIndex.name)
    assert Proposal.objects.count() == 0
    assert len(target.done) == 1


def test_a_big_busy_table_waits_for_a_person_however_much_was_learned(target: ScriptedTarget) -> None:
    busy = shop(size_bytes=2 * 1024**3, writes_per_second=50.0)
    Confidence.objects.create(change_type="index", successes=40, failures=0, updated_at=NOON)
    made = simulate([WatchQueries, CreateIndex], now=NOON, target=busy)
    run_in(made, WatchQueries.name)
    assert "outside the line" in Proposal.objects.get().waits_because
    assert busy.done == []


def test_a_dry_run_touches_nothing(target: ScriptedTarget) -> None:
    made = simulate([WatchQueries], now=NOON, target=target)
    run_in(made, WatchQueries.name)
    made = simulate([CreateIndex], now=NOON, target=target)
    run = run_in(made, CreateIndex.name, mode=RunMode.DRY_RUN)
    assert (run.acted + run.asked, target.done, Proposal.objects.count()) == (1, [], 0)


def test_two_candidates_are_two_proposals(target: ScriptedTarget) -> None:
    other = "SELECT * FROM orders WHERE placed_at = $1"
    target.add(ScriptedQuery(2, other, "orders", ("placed_at",)), calls=5)
    made = simulate([WatchQueries, CreateIndex], now=NOON, target=target)
    run_in(made, WatchQueries.name)
    assert sorted(Proposal.objects.values_list("params__columns", flat=True)) == ["customer_id", "placed_at"]
