"""What may have been done is never taken for undone, and comes to an end without stopping the others."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from apps.core.types import JsonObject
from apps.runs.models import Alert, Effect, Step
from tests.workers.kernel.steps import Killed, in_turn, later
from tests.workers.kernel.world import NOON, Number, Outside, Poke, clean
from workers.kernel.automation import Done, InDoubt
from workers.kernel.janitor import settle
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, simulate
from workers.ports import Effects, Refused, Unavailable, Unknown

pytestmark = pytest.mark.django_db
LEASE_OVER = Poke.timeout + timedelta(seconds=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def outside() -> Outside:
    outside = clean()
    outside.due = [1]
    return outside


@pytest.fixture
def simulation(outside: Outside) -> Simulation:
    return simulate([Poke], now=NOON)


def test_a_repeat_that_cannot_connect_leaves_the_doubt(simulation: Simulation, outside: Outside) -> None:
    outside.after = in_turn(Unknown("cut"))
    run_in(simulation, "test.poke")
    outside.fail = in_turn(Unavailable("no connection"))
    outside.due = []
    later(simulation, MINUTE)
    assert (outside.calls, Effect.objects.get().state) == (["poke:1"], "doubt")
    later(simulation, timedelta(hours=6))
    assert (outside.booked, Effect.objects.get().state) == (["poke:1"], "done")


def test_the_providers_memory_is_counted_from_the_first_call_however_often_it_is_repeated(
    simulation: Simulation, outside: Outside
) -> None:
    outside.after = in_turn(Unknown("cut"))
    run_in(simulation, "test.poke")
    outside.fail = in_turn(*[Unavailable("down")] * 9)
    outside.known["poke:1"] = {"found": True}
    later(simulation, HOUR, times=40)
    assert (outside.calls, Effect.objects.get().state) == (["poke:1"], "done")


def test_what_was_done_and_not_booked_is_booked_also_where_doubt_is_left(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poke, "in_doubt", InDoubt.LEAVE)
    full, booked = in_turn(OSError("full")), Poke.record

    def record(self: Poke, done: Sequence[Done[Number]], *, now: datetime) -> None:
        full(done[0].key)
        booked(self, done, now=now)

    monkeypatch.setattr(Poke, "record", record)
    run_in(simulation, "test.poke")
    later(simulation, LEASE_OVER)
    assert (Effect.objects.get().state, outside.booked) == ("done", ["poke:1"])
    assert (outside.calls, outside.given_up) == (["poke:1"], [])


class TestWithoutItsFacts:
    """An effect that cannot be settled is put before a person and left alone for a day."""

    @pytest.fixture(autouse=True)
    def _in_doubt(self, simulation: Simulation, outside: Outside) -> None:
        outside.due = [1, 2]
        outside.fail = in_turn(Unknown("cut"), Unknown("cut"))
        run_in(simulation, "test.poke")

    def test_unreadable_facts_are_put_before_a_person(self, simulation: Simulation) -> None:
        Step.objects.filter(subject_id=1).update(facts={"other": 1})
        later(simulation, timedelta(minutes=6), times=20)
        assert Effect.objects.get(key="poke:1").attempts == 2
        assert Alert.objects.get(dedupe_key="doubt:poke:1").resolved_at is None

    def test_facts_that_are_no_longer_kept_are_put_before_a_person(self, simulation: Simulation) -> None:
        Step.objects.filter(subject_id=1).delete()
        later(simulation, timedelta(minutes=6), times=20)
        assert (Effect.objects.get(key="poke:1").state, Effect.objects.get(key="poke:1").attempts) == (
            "doubt",
            2,
        )
        assert Alert.objects.get(dedupe_key="doubt:poke:1").resolved_at is None

    def test_the_others_are_settled(self, simulation: Simulation, outside: Outside) -> None:
        Step.objects.filter(subject_id=1).update(facts={"other": 1})
        later(simulation, timedelta(minutes=6))
        assert outside.booked == ["poke:2"]


def test_a_key_that_moves_on_within_its_slot_leaves_the_facts_of_the_one_in_doubt(
    simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["poke:a"]
    monkeypatch.setattr(Poke, "key", lambda self, facts: keys[-1])
    outside.fail = in_turn(Unknown("cut"))
    run_in(simulation, "test.poke")
    keys.append("poke:b")
    run_in(simulation, "test.poke")
    later(simulation, timedelta(minutes=5))
    assert dict(Effect.objects.values_list("key", "state")) == {"poke:a": "done", "poke:b": "done"}


class TestLookingUp:
    @pytest.fixture(autouse=True)
    def _asked_about(self, simulation: Simulation, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Poke, "in_doubt", InDoubt.ASK_HUMAN)
        outside.fail = in_turn(Unknown("cut"))
        run_in(simulation, "test.poke")

    def test_a_look_that_is_refused_is_put_before_a_person(
        self, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: Poke, effects: Effects, facts: Number, *, key: str) -> JsonObject | None:
            raise Refused("no such invoice")

        monkeypatch.setattr(Poke, "look_up", refuse)
        later(simulation, timedelta(minutes=5))
        assert (Effect.objects.get().state, Effect.objects.get().error) == ("doubt", "no such invoice")
        assert Alert.objects.filter(kind="effect_in_doubt", resolved_at=None).count() == 1

    @pytest.mark.parametrize("late", [None, Unknown("cannot tell"), ValueError("unreadable")])
    def test_a_look_longer_than_its_lease_leaves_the_effect_to_its_new_owner(
        self,
        simulation: Simulation,
        outside: Outside,
        monkeypatch: pytest.MonkeyPatch,
        late: Exception | None,
    ) -> None:
        looks: list[str] = []

        def look_up(self: Poke, effects: Effects, facts: Number, *, key: str) -> JsonObject | None:
            looks.append(key)
            if len(looks) > 1:
                return None
            simulation.clock.now += LEASE_OVER
            assert settle(simulation.engine, "poke:1") == "waiting"  # another worker, who frees it
            outside.after = in_turn(Killed())
            with pytest.raises(Killed):
                simulation.drain()  # and a third, who is in the midst of the new try
            in_turn(late)("")
            return None

        monkeypatch.setattr(Poke, "look_up", look_up)
        simulation.clock.now += timedelta(minutes=2)
        settle(simulation.engine, "poke:1")
        assert outside.calls == ["poke:1#1"]
        assert Effect.objects.values_list("state", "generation").get() == ("claimed", 1)
