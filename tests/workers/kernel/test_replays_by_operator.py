"""The operator says: try again, it was done, it was not. Each word counts once, and a rejection stays one."""

from datetime import timedelta

import pytest
from django.db import connection

from apps.core.decision import Verdict
from apps.runs.actions import approve
from apps.runs.doubt import replay_effect, settle_doubt
from apps.runs.models import Effect, EvolutionEntry, Proposal
from tests.workers.kernel.steps import Killed, in_turn, later
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.automation import InDoubt
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def again(simulation: Simulation) -> None:
    replay_effect("poke:1", "ann", simulation.clock.now)
    simulation.drain()


@pytest.mark.parametrize("rule", list(InDoubt))
def test_what_was_refused_is_tried_again_days_later_under_a_new_key_whatever_the_rule(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch, rule: InDoubt
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", rule)
    outside.fail = in_turn(Refused("no such invoice"))
    run_in(simulation, "test.poke")
    simulation.clock.now += 2 * DAY
    again(simulation)
    assert (outside.calls, Effect.objects.get().state) == (["poke:1#1"], "done")
    assert EvolutionEntry.objects.get(change_type="poke", success=True).approved_by == "ann"


def test_a_try_that_could_not_connect_is_still_owed(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)
    outside.fail = in_turn(Refused("mailbox busy"), Unavailable("busy"), Unavailable("busy"))
    run_in(simulation, "test.poke")
    again(simulation)
    later(simulation, HOUR, times=2)
    assert (outside.calls, Effect.objects.get().state) == (["poke:1#1"], "done")


@pytest.mark.parametrize("rule", [InDoubt.LEAVE, InDoubt.ASK_HUMAN])
@pytest.mark.parametrize("end", [Unknown("cut"), Killed()])
def test_trying_again_is_one_try_and_not_repeated_when_its_end_is_unknown(
    simulation: Simulation,
    outside: Outside,
    monkeypatch: pytest.MonkeyPatch,
    rule: InDoubt,
    end: BaseException,
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", rule)
    outside.fail, outside.after = in_turn(Refused("mailbox busy")), in_turn(end)
    run_in(simulation, "test.poke")
    replay_effect("poke:1", "ann", simulation.clock.now)
    try:
        simulation.drain()
    except Killed:
        simulation.todo.clear()
    later(simulation, HOUR, times=30)
    assert outside.calls == ["poke:1#1"]
    assert Effect.objects.get().state == ("unknown" if rule is InDoubt.LEAVE else "doubt")


class TestOfAProposal:
    @pytest.fixture(autouse=True)
    def _asked(self, simulation: Simulation, outside: Outside) -> None:
        outside.verdict = Verdict.ASK
        run_in(simulation, "test.poke")

    def approved(self, simulation: Simulation) -> None:
        approve([Proposal.objects.get().id], "ann", simulation.clock.now)
        simulation.drain()

    def reject_by_sql(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE optimization_queue SET status = 'rejected'")

    def test_tried_again_it_is_applied_also_when_the_vendor_is_busy_at_first(
        self, simulation: Simulation, outside: Outside
    ) -> None:
        outside.fail = in_turn(Refused("no"), Unavailable("busy"))
        self.approved(simulation)
        assert Proposal.objects.get().status == "failed"
        again(simulation)
        later(simulation, HOUR)
        assert (outside.calls, Effect.objects.get().state) == (["poke:1#1"], "done")
        assert Proposal.objects.get().status == "applied"

    def test_rejected_while_in_doubt_it_is_not_carried_out(
        self, simulation: Simulation, outside: Outside
    ) -> None:
        outside.fail = in_turn(Unknown("cut"))
        self.approved(simulation)
        self.reject_by_sql()
        later(simulation, HOUR, times=5)
        assert (outside.calls, Proposal.objects.get().status) == ([], "rejected")
        assert Effect.objects.get().state == "doubt"

    def test_rejected_while_it_waits_it_is_closed(self, simulation: Simulation, outside: Outside) -> None:
        outside.fail = in_turn(Unavailable("busy"))
        self.approved(simulation)
        self.reject_by_sql()
        later(simulation, HOUR, times=5)
        assert (outside.calls, Effect.objects.get().state) == ([], "refused")

    @pytest.mark.parametrize("by_whom", ["provider", "operator"])
    def test_rejected_and_certainly_not_done_it_is_closed(
        self, simulation: Simulation, outside: Outside, by_whom: str
    ) -> None:
        outside.fail = in_turn(Unknown("cut"))
        self.approved(simulation)
        self.reject_by_sql()
        if by_whom == "provider":
            outside.known["poke:1"] = None
        else:
            settle_doubt("poke:1", False, "ann", simulation.clock.now)
        later(simulation, HOUR, times=5)
        assert (outside.calls, Proposal.objects.get().status) == ([], "rejected")
        assert Effect.objects.get().state == "refused"

    @pytest.mark.parametrize("by_whom", ["provider", "operator"])
    def test_rejected_and_yet_done_it_is_closed_as_done(
        self, simulation: Simulation, outside: Outside, by_whom: str
    ) -> None:
        outside.after = in_turn(Unknown("cut"))
        self.approved(simulation)
        self.reject_by_sql()
        if by_whom == "provider":
            outside.known["poke:1"] = {"found": True}
        else:
            settle_doubt("poke:1", True, "ann", simulation.clock.now)
        later(simulation, HOUR, times=5)
        assert (outside.calls, Proposal.objects.get().status) == (["poke:1"], "rejected")
        assert Effect.objects.get().state == "done"
