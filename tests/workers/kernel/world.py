"""A small world to drive the kernel with: subjects are numbers, the outside is a list of what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from apps.core.decision import Decision, Verdict
from apps.core.learning import UNPROVEN
from apps.core.modes import Mode
from apps.core.types import JsonObject
from workers.kernel.automation import (
    Automation,
    Done,
    Editable,
    FindContext,
    InDoubt,
    Limits,
    NotDone,
    Outcome,
    OutcomeState,
    Queue,
    Watch,
)
from workers.ports import Effects, Sources, receipt

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Number:
    subject_id: int
    customer_id: int | None = None
    at: datetime = NOON


@dataclass
class Outside:
    """What happened outside, and what shall go wrong there: ``fail`` is asked before each act."""

    due: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    given_up: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[str], None] = lambda key: None
    after: Callable[[str], None] = lambda key: None
    judge: tuple[float, float] | None = None
    verdict: Verdict = Verdict.ACT
    cost: int = 0
    outcome: Outcome = field(default_factory=lambda: Outcome(OutcomeState.SUCCESS, "fine"))
    known: dict[str, JsonObject | None] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)


def percent(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 90:
        raise ValueError("A discount is 1 to 90 percent.")
    return value


class Poke(Automation[Number]):
    """Pokes numbers.

    Reads: the list of due numbers. Changes: the list of calls. To stop: switch it off.
    """

    name = "test.poke"
    queue = Queue.DEFAULT
    change_type = "poke"
    page_size = 3
    in_doubt = InDoubt.REPEAT
    timeout = timedelta(minutes=5)
    switch = Mode.LIVE
    limits = Limits()
    prior = UNPROVEN
    editable = (Editable("percent", "Percent", percent),)
    outside: ClassVar[Outside] = Outside()

    def find(self, ctx: FindContext) -> Iterable[Number]:
        window = ctx.window
        due = [
            n
            for n in sorted(self.outside.due)
            if n > window.after and (window.until is None or n <= window.until)
        ]
        return [Number(n, customer_id=n) for n in due[: window.limit]]

    def key(self, facts: Number) -> str:
        return f"poke:{facts.subject_id}"

    def decide(self, facts: Number, *, now: datetime) -> Decision:
        if facts.subject_id % 10 == 0:
            return Decision(Verdict.SKIP, "round number")
        if facts.subject_id % 13 == 0:
            raise ZeroDivisionError("thirteen")
        confidence, risk = self.outside.judge or (None, None)
        return Decision(
            self.outside.verdict,
            "due",
            confidence,
            risk,
            {"percent": 50},
            title=f"Poke {facts.subject_id}",
            money_minor=self.outside.cost,
        )

    def act(
        self, effects: Effects, facts: Number, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        self.outside.fail(key)
        self.outside.calls.append(key)
        self.outside.params[key] = dict(decision.params)
        self.outside.after(key)
        return receipt(poked=facts.subject_id)

    def look_up(self, effects: Effects, facts: Number, *, key: str) -> JsonObject | None:
        if key in self.outside.known:
            return self.outside.known[key]
        return super().look_up(effects, facts, key=key)

    def record(self, done: Sequence[Done[Number]], *, now: datetime) -> None:
        for one in done:
            self.outside.booked.append(one.key)
            if one.facts.subject_id in self.outside.due:
                self.outside.due.remove(one.facts.subject_id)

    def give_up(self, not_done: Sequence[NotDone[Number]], *, now: datetime) -> None:
        self.outside.given_up += [(one.key, one.state) for one in not_done]

    def undo(
        self, effects: Effects, facts: Number, receipt: JsonObject, *, key: str, now: datetime
    ) -> JsonObject:
        self.outside.fail(key)
        self.outside.undone.append(key)
        return {"undone": facts.subject_id}

    def measure(self, sources: Sources, facts: Number, receipt: JsonObject, *, now: datetime) -> Outcome:
        return self.outside.outcome


class WatchedPoke(Poke):
    """Pokes numbers and looks at them again.

    Reads: the list of due numbers. Changes: the list of calls. To stop: switch it off.
    """

    name = "test.watched_poke"
    change_type = "watched_poke"
    watch = Watch(first=timedelta(hours=1), every=timedelta(hours=1), until=timedelta(hours=5))

    def key(self, facts: Number) -> str:
        return f"watched:{facts.subject_id}"


def clean() -> Outside:
    """A fresh outside, shared by both automations."""
    outside = Outside()
    Poke.outside = outside
    WatchedPoke.outside = outside
    return outside
