"""Whatever the vendor answers, whoever is killed, whatever the operator says: done at most once, and never
taken for undone."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.core.decision import Verdict
from apps.core.modes import RunMode
from apps.runs.actions import approve, emergency_stop, request_run, resume
from apps.runs.doubt import TROUBLED, replay_effect, settle_doubt
from apps.runs.models import Effect, Proposal
from tests.workers.kernel import vendor as outside_world
from tests.workers.kernel.steps import Killed
from tests.workers.kernel.vendor import AskedAbout, ForgottenInADay, Left, Remembered, Vendor
from tests.workers.kernel.world import NOON, clean
from workers.kernel.schedule import Row
from workers.kernel.testing import simulate

pytestmark = pytest.mark.django_db
KEY = "poke:1"
MAY_BE_DONE = {"claimed", "done", "doubt", "unknown"}
OVER = {"done", "refused", "dead", "unknown"}
PAUSES = (
    timedelta(seconds=50),
    timedelta(minutes=6),
    timedelta(hours=1),
    timedelta(hours=7),
    timedelta(days=1),
)
ENDS = (timedelta(minutes=6), timedelta(hours=7), timedelta(days=1), timedelta(days=1), timedelta(minutes=6))
STEPS = (
    "run",
    "says the truth",
    "asks again",
    "stop",
    "resume",
    "messages lost",
    "approve",
    "reject",
    *PAUSES,
)


class Life:
    """One effect of one automation, from its first run to its end."""

    def __init__(self, kind: type[Remembered], answers: list[str], looks: list[str], asked: bool) -> None:
        self.outside = clean()
        self.outside.due = [1]
        self.outside.verdict = Verdict.ASK if asked else Verdict.ACT
        self.kind, self.told = kind, False
        self.simulation = simulate([kind], now=NOON, table=[Row(kind, "0 * * * *")])
        kind.vendor = self.vendor = Vendor(self.simulation.clock, kind.memory, answers, looks)

    @property
    def effect(self) -> Effect | None:
        return Effect.objects.filter(key=KEY).first()

    def step(self, step: str | timedelta) -> None:
        now = self.simulation.clock.now
        with suppress(Killed):
            if isinstance(step, timedelta):
                self.simulation.clock.now += step
                self.simulation.tick()
            elif step == "messages lost":
                self.simulation.todo.clear()
            elif step == "run":
                request_run(self.kind.name, now, RunMode.LIVE, "ann", now)
            elif step == "stop":
                emergency_stop("ann", now)
            elif step == "resume":
                resume("ann", now)
            elif step == "approve":
                approve(list(Proposal.objects.values_list("id", flat=True)), "ann", now)
            elif step == "reject":
                Proposal.objects.filter(status__in=["pending", "approved", "failed"]).update(
                    status="rejected"
                )
            else:
                self.operator(step)
            self.simulation.drain()
        self.holds()

    def operator(self, step: str) -> None:
        """He looks before he answers; he has tried again what was done only where the key is remembered."""
        effect, now = self.effect, self.simulation.clock.now
        if effect is None or effect.state not in TROUBLED:
            return
        if step == "asks again":
            if self.kind.memory == outside_world.FOR_EVER or not self.vendor.acts:
                replay_effect(KEY, "ann", now)
        elif effect.state in ("doubt", "unknown"):
            self.told = self.told or bool(self.vendor.acts)
            settle_doubt(KEY, bool(self.vendor.acts), "ann", now)

    def holds(self) -> None:
        effect, acts = self.effect, self.vendor.acts
        assert len(acts) <= 1
        assert len(self.outside.booked) <= len(acts)
        if effect is not None and acts:
            assert effect.state in MAY_BE_DONE
        if effect is not None and effect.state == "done":
            assert acts and (self.outside.booked == [KEY] or self.told)

    def end(self) -> None:
        """The vendor is well again, nothing is stopped, and days go by."""
        self.vendor.answers.clear()
        self.vendor.looks.clear()
        self.step("resume")
        for pause in ENDS:
            self.step(pause)
        effect = self.effect
        assert effect is None or effect.state in OVER


@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "approved"])
@pytest.mark.parametrize("kind", [Remembered, ForgottenInADay, AskedAbout, Left])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.sampled_from(outside_world.ANSWERS), max_size=8),
    looks=st.lists(st.sampled_from(outside_world.LOOKS), max_size=4),
    steps=st.lists(st.sampled_from(STEPS), max_size=14),
)
@example(["request lost", "killed after"], [], ["approve", "asks again", timedelta(hours=1)])
@example(["request lost", "answer lost"], ["cannot tell"], ["approve", "asks again", timedelta(days=1)])
@example(["answer lost", "unavailable"], [], ["approve", timedelta(days=1), "stop", timedelta(days=1)])
@example(["unavailable"], [], ["approve", "reject"])
@example(["refused", "unavailable", "done"], [], ["approve", "asks again", timedelta(days=1)])
def test_it_is_done_once_or_it_ends_in_a_state_that_says_what_is_known(
    kind: type[Remembered], asked: bool, answers: list[str], looks: list[str], steps: list[str | timedelta]
) -> None:
    with transaction.atomic():
        life = Life(kind, answers, looks, asked)
        for step in ["run", *steps]:
            life.step(step)
        life.end()
        transaction.set_rollback(True)
