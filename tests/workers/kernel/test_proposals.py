"""What waits for the operator, and what happens when he answers, by whatever way."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core.decision import Verdict
from apps.core.modes import Mode
from apps.runs.actions import approve, edit, reject, set_mode, snooze
from apps.runs.models import Confidence, Effect, EvolutionEntry, Proposal
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused, Unavailable

pytestmark = pytest.mark.django_db
SURE = (0.95, 0.1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    outside.verdict = Verdict.ASK
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    simulation = simulate([Poke], now=NOON)
    run_in(simulation, "test.poke")
    return simulation


def sql(statement: str, *args: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, args)


def test_an_ask_waits_with_its_reason_and_touches_nothing(simulation: Simulation, outside: Outside) -> None:
    proposal = Proposal.objects.get()
    assert (proposal.status, proposal.title, proposal.reason) == ("pending", "Poke 1", "due")
    assert (outside.calls, Effect.objects.count()) == ([], 0)


def test_found_again_it_is_not_asked_again(simulation: Simulation, outside: Outside) -> None:
    simulation.clock.now += timedelta(days=1)
    run = run_in(simulation, "test.poke")
    assert Proposal.objects.count() == 1
    assert run.skip_reasons == {"already asked, answered or done": 1}


def test_approved_runs_the_same_act_under_the_same_key_once(simulation: Simulation, outside: Outside) -> None:
    ident = Proposal.objects.get().id
    assert approve([ident, ident], "ann", NOON) == 1
    simulation.drain()
    simulation.tick()
    simulation.tick()
    assert outside.calls == ["poke:1"]
    proposal = Proposal.objects.get()
    assert (proposal.status, proposal.executed_at) == ("applied", NOON)
    assert EvolutionEntry.objects.get(change_type="poke").approved_by == "ann"


def test_approved_by_plain_sql_is_applied_at_the_next_tick(simulation: Simulation, outside: Outside) -> None:
    sql("UPDATE optimization_queue SET status = 'approved' WHERE id = %s", Proposal.objects.get().id)
    simulation.tick()
    assert outside.calls == ["poke:1"]
    assert Proposal.objects.get().reviewed_by.startswith("sql:")


def test_rejected_by_plain_sql_is_never_applied(simulation: Simulation, outside: Outside) -> None:
    sql("UPDATE optimization_queue SET status = 'rejected', review_notes = 'no' WHERE review_notes = ''")
    outside.verdict, outside.judge = Verdict.ACT, SURE
    Confidence.objects.create(change_type="poke", successes=50, updated_at=NOON)
    simulation.clock.now += timedelta(days=1)
    run = run_in(simulation, "test.poke")
    assert outside.calls == []
    assert run.skip_reasons == {"waits for the operator, or answered by him": 1}
    assert Proposal.objects.get().review_notes == "no"


@pytest.mark.parametrize("status", ["applied", "rejected"])
def test_what_is_over_cannot_be_approved_by_sql(simulation: Simulation, status: str) -> None:
    if status == "rejected":
        reject([Proposal.objects.get().id], "ann", NOON, "no")
    else:
        approve([Proposal.objects.get().id], "ann", NOON)
        simulation.drain()
    with pytest.raises(IntegrityError, match="cannot become approved"), transaction.atomic():
        sql("UPDATE optimization_queue SET status = 'approved'")


def test_snoozed_comes_back_when_its_time_has_come(simulation: Simulation) -> None:
    ident = Proposal.objects.get().id
    with pytest.raises(ValueError, match="future"):
        snooze([ident], NOON, "ann", NOON)
    snooze([ident], NOON + timedelta(hours=1), "ann", NOON)
    simulation.clock.now = NOON + timedelta(minutes=59, seconds=59)
    simulation.tick()
    assert Proposal.objects.get().status == "snoozed"
    simulation.clock.now = NOON + timedelta(hours=1)
    simulation.tick()
    assert Proposal.objects.get().status == "pending"


def test_edited_parameters_reach_the_act(simulation: Simulation, outside: Outside) -> None:
    ident = Proposal.objects.get().id
    edit(ident, {"percent": "20"}, "ann", NOON)
    approve([ident], "ann", NOON)
    simulation.drain()
    assert outside.params["poke:1"] == {"percent": 20}


def test_what_may_not_be_edited_is_refused_by_name(simulation: Simulation) -> None:
    with pytest.raises(ValueError, match="customer cannot be edited"):
        edit(Proposal.objects.get().id, {"customer": "2"}, "ann", NOON)


def test_an_edit_out_of_range_fails_with_the_automations_sentence(
    simulation: Simulation, outside: Outside
) -> None:
    ident = Proposal.objects.get().id
    edit(ident, {"percent": "95"}, "ann", NOON)
    approve([ident], "ann", NOON)
    simulation.drain()
    proposal = Proposal.objects.get()
    assert (proposal.status, proposal.result) == ("failed", "A discount is 1 to 90 percent.")
    assert outside.calls == []


def test_an_unavailable_vendor_leaves_it_approved_until_it_works(
    simulation: Simulation, outside: Outside
) -> None:
    tries: list[str] = []

    def fail(key: str) -> None:
        tries.append(key)
        if len(tries) == 1:
            raise Unavailable("busy")

    outside.fail = fail
    approve([Proposal.objects.get().id], "ann", NOON)
    simulation.drain()
    assert Proposal.objects.get().status == "approved"
    simulation.tick()
    assert len(tries) == 1
    simulation.clock.now += Poke.retry.first + timedelta(seconds=1)
    simulation.tick()
    assert (Proposal.objects.get().status, outside.calls) == ("applied", ["poke:1"])


def test_refused_fails_and_may_be_approved_once_more(simulation: Simulation, outside: Outside) -> None:
    outside.fail = _refuse
    approve([Proposal.objects.get().id], "ann", NOON)
    simulation.drain()
    assert (Proposal.objects.get().status, Proposal.objects.get().result) == ("failed", "not now")
    outside.fail = lambda key: None
    approve([Proposal.objects.get().id], "ann", NOON)
    simulation.drain()
    assert (Proposal.objects.get().status, outside.calls) == ("applied", ["poke:1#1"])


def _refuse(_key: str) -> None:
    raise Refused("not now")


def test_a_worker_killed_while_applying_is_made_good(simulation: Simulation, outside: Outside) -> None:
    class Killed(BaseException):
        pass

    def die(_key: str) -> None:
        raise Killed

    outside.after = die
    approve([Proposal.objects.get().id], "ann", NOON)
    with pytest.raises(Killed):
        simulation.drain()
    outside.after = lambda key: None
    simulation.clock.now += Poke.timeout + timedelta(seconds=1)
    simulation.tick()
    assert Proposal.objects.get().status == "applied"
    assert (outside.booked, Effect.objects.get().state) == (["poke:1"], "done")


def test_in_shadow_an_approval_waits(simulation: Simulation, outside: Outside) -> None:
    set_mode("test.poke", Mode.SHADOW, "ann", NOON)
    approve([Proposal.objects.get().id], "ann", NOON)
    simulation.drain()
    assert (Proposal.objects.get().status, outside.calls) == ("approved", [])
    set_mode("test.poke", Mode.LIVE, "ann", NOON)
    simulation.tick()
    assert outside.calls == ["poke:1"]


class TestTheLine:
    """Over 0.8 and under 0.2, and the posterior does not forbid it."""

    @pytest.fixture
    def judged(self, outside: Outside) -> Simulation:
        outside.verdict = Verdict.ACT
        return simulate([Poke], now=NOON)

    @pytest.mark.parametrize(
        ("judge", "acts"),
        [
            ((0.81, 0.19), True),
            ((0.8, 0.1), False),
            ((0.9, 0.2), False),
            ((1.0, 0.0), True),
            ((0.0, 1.0), False),
        ],
    )
    def test_of_a_proven_kind(
        self, judged: Simulation, outside: Outside, judge: tuple[float, float], acts: bool
    ) -> None:
        Confidence.objects.create(change_type="poke", successes=50, updated_at=NOON)
        outside.judge = judge
        run_in(judged, "test.poke")
        assert (bool(outside.calls), Proposal.objects.count()) == (acts, int(not acts))

    @pytest.mark.parametrize(
        ("successes", "failures", "acts"), [(0, 0, False), (9, 0, False), (10, 0, True), (14, 1, False)]
    )
    def test_a_kind_earns_it(
        self, judged: Simulation, outside: Outside, successes: int, failures: int, acts: bool
    ) -> None:
        Confidence.objects.create(change_type="poke", successes=successes, failures=failures, updated_at=NOON)
        outside.judge = SURE
        run_in(judged, "test.poke")
        assert bool(outside.calls) is acts
        if not acts:
            assert f"{successes} of {successes + failures}" in Proposal.objects.get().waits_because

    def test_a_plan_of_the_operators_needs_no_judging(self, judged: Simulation, outside: Outside) -> None:
        outside.judge = None
        run_in(judged, "test.poke")
        assert outside.calls == ["poke:1"]
