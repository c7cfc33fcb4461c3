"""An effect is done once, or it ends in a state that says what is known."""

from datetime import timedelta

import pytest

from apps.core.modes import Mode
from apps.runs.actions import emergency_stop, resume
from apps.runs.doubt import replay_effect, settle_doubt
from apps.runs.models import Alert, Effect, EvolutionEntry, HourlyUse
from tests.workers.kernel.world import NOON, Outside, Poke, clean
from workers.kernel.automation import InDoubt, Limits
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import NotConfigured, OutsideError, Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside() -> Outside:
    return clean()


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    outside.due = [1]
    return simulate([Poke], now=NOON)


def failing(outside: Outside, problem: Exception, times: int = 1) -> None:
    left = [times]

    def fail(_key: str) -> None:
        if left[0]:
            left[0] -= 1
            raise problem

    outside.fail = fail


def later(simulation: Simulation, by: timedelta) -> None:
    simulation.clock.now += by
    simulation.tick()


def test_refused_is_closed_logged_and_never_tried_again(simulation: Simulation, outside: Outside) -> None:
    failing(outside, Refused("no such invoice"), times=9)
    run = run_in(simulation, "test.poke")
    assert (run.acted, run.failed) == (0, 1)
    assert outside.given_up == [("poke:1", "refused")]
    entry = EvolutionEntry.objects.get()
    assert (entry.success, entry.outcome["error"]) == (False, "no such invoice")
    later(simulation, timedelta(days=1))
    run_in(simulation, "test.poke")
    assert Effect.objects.get().state == "refused"
    assert outside.calls == []


def test_unavailable_waits_and_is_done_when_due_not_before(simulation: Simulation, outside: Outside) -> None:
    failing(outside, Unavailable("busy", retry_after=300))
    run_in(simulation, "test.poke")
    effect = Effect.objects.get()
    assert (effect.state, effect.due_at) == ("waiting", NOON + timedelta(minutes=5))
    later(simulation, timedelta(minutes=4, seconds=59))
    assert outside.calls == []
    later(simulation, timedelta(seconds=1))
    assert outside.calls == ["poke:1"]
    assert Effect.objects.get().attempts == 2


def test_unavailable_for_ever_becomes_a_dead_letter_that_can_be_replayed(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(outside, Unavailable("down"), times=Poke.retry.attempts)
    run_in(simulation, "test.poke")
    for _ in range(Poke.retry.attempts):
        later(simulation, Poke.retry.longest)
    assert Effect.objects.get().state == "dead"
    assert Alert.objects.filter(kind="effect_dead").count() == 1
    replay_effect("poke:1", "ann", simulation.clock.now)
    simulation.drain()
    assert outside.calls == ["poke:1#1"]  # the vendor may have kept its refusal under the old key
    assert Effect.objects.get().state == "done"


def test_what_is_not_configured_waits_without_counting_attempts(
    simulation: Simulation, outside: Outside
) -> None:
    failing(outside, NotConfigured("set STRIPE_API_KEY"), times=40)
    run_in(simulation, "test.poke")
    for _ in range(39):
        later(simulation, timedelta(minutes=2))
    assert outside.calls == []
    assert Effect.objects.get().state == "waiting"
    assert "STRIPE_API_KEY" in Alert.objects.get(kind="not_configured").title
    later(simulation, timedelta(minutes=2))
    assert outside.calls == ["poke:1"]


@pytest.mark.parametrize("problem", [Unknown("no answer"), ValueError("our own defect")])
def test_unknown_is_repeated_under_the_same_key(
    simulation: Simulation, outside: Outside, problem: Exception
) -> None:
    failing(outside, problem)
    run_in(simulation, "test.poke")
    assert Effect.objects.get().state == "doubt"
    later(simulation, Poke.retry.first)
    assert outside.calls == ["poke:1"]
    assert outside.booked == ["poke:1"]


def test_a_claim_whose_owner_died_is_settled_after_its_lease_not_before(
    simulation: Simulation, outside: Outside
) -> None:
    class Killed(BaseException):
        pass

    def die(_key: str) -> None:
        raise Killed

    outside.after = die
    with pytest.raises(Killed):
        run_in(simulation, "test.poke")
    assert Effect.objects.get().state == "claimed"
    outside.after = lambda key: None
    simulation.todo.clear()
    later(simulation, Poke.timeout)
    assert outside.calls == ["poke:1"]
    later(simulation, timedelta(minutes=1))
    assert outside.calls == ["poke:1", "poke:1"]  # the provider sees one key and answers the same
    assert outside.booked == ["poke:1"]
    assert Effect.objects.get().state == "done"


def test_marketing_in_doubt_is_left_and_never_repeated(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)
    failing(outside, Unknown("cut after DATA"))
    run_in(simulation, "test.poke")
    later(simulation, timedelta(days=3))
    assert (Effect.objects.get().state, outside.calls) == ("unknown", [])
    assert outside.given_up == [("poke:1", "unknown")]


class TestAskHuman:
    @pytest.fixture(autouse=True)
    def _ask(self, monkeypatch: pytest.MonkeyPatch, simulation: Simulation, outside: Outside) -> None:
        monkeypatch.setattr(Poke, "in_doubt", InDoubt.ASK_HUMAN)
        failing(outside, Unknown("no answer"))
        run_in(simulation, "test.poke")

    def test_is_not_repeated_and_the_operator_is_told(self, simulation: Simulation, outside: Outside) -> None:
        later(simulation, timedelta(days=2))
        assert (Effect.objects.get().state, outside.calls) == ("doubt", [])
        assert Alert.objects.filter(kind="effect_in_doubt").count() == 1

    def test_the_operator_says_it_was_done(self, simulation: Simulation, outside: Outside) -> None:
        settle_doubt("poke:1", True, "ann", simulation.clock.now, "seen on the statement")
        later(simulation, timedelta(days=1))
        assert (Effect.objects.get().state, outside.calls) == ("done", [])

    def test_the_operator_says_it_was_not(self, simulation: Simulation, outside: Outside) -> None:
        settle_doubt("poke:1", False, "ann", simulation.clock.now)
        simulation.drain()
        assert outside.calls == ["poke:1#1"]

    def test_the_provider_knows_it_was_done(self, simulation: Simulation, outside: Outside) -> None:
        outside.known["poke:1"] = {"found": True}
        later(simulation, timedelta(hours=1))
        assert (Effect.objects.get().state, outside.calls) == ("done", [])

    def test_the_provider_knows_it_never_happened(self, simulation: Simulation, outside: Outside) -> None:
        outside.known["poke:1"] = None
        later(simulation, timedelta(hours=1))
        assert outside.calls == ["poke:1#1"]


def test_after_the_providers_memory_a_key_is_not_repeated_blindly(
    simulation: Simulation, outside: Outside
) -> None:
    failing(outside, Unknown("no answer"))
    run_in(simulation, "test.poke")
    later(simulation, timedelta(hours=24))
    assert outside.calls == []
    assert Alert.objects.filter(kind="effect_in_doubt").exists()


def test_a_vendor_that_replays_its_500_is_asked_what_it_knows(
    simulation: Simulation, outside: Outside
) -> None:
    failing(outside, Unknown("500"), times=99)
    outside.known["poke:1"] = {"found": True}
    run_in(simulation, "test.poke")
    for _ in range(4):
        later(simulation, timedelta(hours=1))
    assert (Effect.objects.get().state, outside.calls) == ("done", [])
    assert Effect.objects.get().receipt == {"found": True}


def test_bookkeeping_that_fails_is_said_and_made_good(simulation: Simulation, outside: Outside) -> None:
    class Full(list[str]):
        def append(self, key: str) -> None:
            if not tries:
                tries.append(key)
                raise OSError("disk full")
            super().append(key)

    tries: list[str] = []
    outside.booked = Full()
    run = run_in(simulation, "test.poke")
    assert (run.acted, Effect.objects.get().state) == (0, "claimed")
    assert Alert.objects.filter(kind="bookkeeping_failed").exists()
    later(simulation, Poke.timeout + timedelta(seconds=1))
    assert (outside.booked, Effect.objects.get().state) == (["poke:1"], "done")
    assert outside.calls == ["poke:1"]  # known to be done: booked, not done again


def test_emergency_stop_halts_in_mid_page_and_resume_finishes(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "page_size", 100)
    outside.due = [n for n in range(100, 170) if n % 10 and n % 13]
    wanted = len(outside.due)

    def stop_at_105(key: str) -> None:
        simulation.clock.now += timedelta(milliseconds=400)  # each call takes its time
        if key == "poke:105":
            emergency_stop("ann", simulation.clock.now)

    outside.after = stop_at_105
    run = run_in(simulation, "test.poke")
    made = len(outside.calls)
    assert 4 <= made <= 8  # at most a second's calls more
    assert run.skip_reasons["stopped in mid-page"] == wanted - made
    later(simulation, timedelta(minutes=1))
    assert len(outside.calls) == made
    resume("ann", simulation.clock.now)
    simulation.drain()
    assert len(outside.calls) == len(set(outside.calls)) == wanted


class TestLimits:
    def test_actions_an_hour(
        self, simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Poke, "limits", Limits(per_hour=4))
        outside.due = [1, 2, 3, 4, 5, 6]
        run = run_in(simulation, "test.poke")
        assert (len(outside.calls), run.skipped) == (4, 2)
        assert Alert.objects.get(kind="limit_reached").severity == "high"
        simulation.clock.now = NOON + timedelta(minutes=59)
        run_in(simulation, "test.poke")
        assert len(outside.calls) == 4
        simulation.clock.now = NOON + timedelta(hours=1)
        run_in(simulation, "test.poke")
        assert len(outside.calls) == 6
        assert sum(HourlyUse.objects.values_list("actions", flat=True)) == 6

    def test_money_a_day(
        self, simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Poke, "limits", Limits(money_minor_per_day=1000))
        outside.cost = 400
        outside.due = [1, 2, 3]
        run_in(simulation, "test.poke")
        assert len(outside.calls) == 2
        simulation.clock.now = NOON + timedelta(hours=12)
        run_in(simulation, "test.poke")
        assert len(outside.calls) == 3

    def test_cooldown_after_a_failure(
        self, simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Poke, "limits", Limits(cooldown=timedelta(hours=1)))
        failing(outside, Refused("no"))
        run_in(simulation, "test.poke")
        outside.due = [2]
        simulation.clock.now = NOON + timedelta(minutes=59)
        run_in(simulation, "test.poke")
        assert outside.calls == []
        simulation.clock.now = NOON + timedelta(hours=1)
        run_in(simulation, "test.poke")
        assert outside.calls == ["poke:2"]


def test_the_three_failures_are_one_family() -> None:
    assert all(issubclass(kind, OutsideError) for kind in (Refused, Unavailable, Unknown, NotConfigured))
    assert Poke.switch is Mode.LIVE
