"""Limits count what was done: what was not, is given back, and tried again as often as it takes."""

from datetime import timedelta

import pytest

from apps.core.decision import Verdict
from apps.runs.actions import approve
from apps.runs.models import HourlyUse, Proposal
from tests.workers.kernel.steps import in_turn, later
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.automation import Limits, Retry
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import NotConfigured, Unavailable

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def used() -> tuple[int, int]:
    """Actions and minor units, over all hours."""
    rows = HourlyUse.objects.values_list("actions", "money_minor")
    return sum(actions for actions, _ in rows), sum(money for _, money in rows)


@pytest.mark.parametrize("problem", [NotConfigured("no key"), Unavailable("busy", retry_after=60)])
def test_a_call_that_was_not_made_uses_nothing_of_a_limit(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    monkeypatch.setattr(Poke, "limits", Limits(per_day=2, money_minor_per_day=800))
    monkeypatch.setattr(Poke, "retry", Retry(factor=1.0))
    outside.cost = 400
    outside.fail = in_turn(*[problem] * 10)
    run_in(simulation, "test.poke")
    assert used() == (0, 0)
    later(simulation, 2 * MINUTE, times=12)
    outside.due.append(2)
    run_in(simulation, "test.poke")
    assert outside.calls == ["poke:1", "poke:2"]
    assert used() == (2, 800)


def approve_all(simulation: Simulation) -> None:
    approve(list(Proposal.objects.values_list("id", flat=True)), "ann", simulation.clock.now)
    simulation.drain()


def test_approved_actions_are_counted_and_not_limited(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "limits", Limits(per_hour=1))
    outside.verdict, outside.due = Verdict.ASK, [1, 2, 3]
    run_in(simulation, "test.poke")
    approve_all(simulation)
    assert (sorted(outside.calls), used()) == (["poke:1", "poke:2", "poke:3"], (3, 0))
    outside.verdict, outside.due = Verdict.ACT, [4]
    run_in(simulation, "test.poke")
    assert len(outside.calls) == 3


def test_an_approved_call_that_was_not_made_uses_nothing_of_a_limit(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "limits", Limits(per_day=9))
    outside.verdict = Verdict.ASK
    run_in(simulation, "test.poke")
    outside.fail = in_turn(Unavailable("busy"), Unavailable("busy"))
    approve_all(simulation)
    assert used() == (0, 0)
    later(simulation, timedelta(hours=1), times=3)
    assert (outside.calls, used()) == (["poke:1"], (1, 0))


@pytest.mark.parametrize("attempts", [30, 30_000])
def test_the_pause_between_tries_has_an_end_however_many_were_made(attempts: int) -> None:
    assert Retry().delay(attempts) == Retry().longest
