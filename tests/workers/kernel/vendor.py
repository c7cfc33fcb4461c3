"""A vendor with a memory for keys, or with none, that answers by a script; automations that use it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from apps.core.decision import Decision
from apps.core.types import JsonObject
from tests.workers.kernel.steps import Killed
from tests.workers.kernel.world import NOON, Number, Poke
from workers.kernel.automation import Done, InDoubt
from workers.kernel.simulation import VirtualClock
from workers.ports import Effects, NotConfigured, Refused, Unavailable, Unknown, receipt

FOR_EVER = timedelta.max
NEVER_REACHED = {
    "unavailable": Unavailable("cannot be reached"),
    "no account": NotConfigured("no key was given"),
    "request lost": Unknown("the request was lost"),
    "our defect": ValueError("before anything was sent"),
}
ANSWERS = (
    *(
        "done",
        "refused",
        "answer lost",
        "killed before",
        "killed after",
        "booking fails",
        "killed in booking",
    ),
    *NEVER_REACHED,
)
LOOKS = ("truth", "cannot tell", "unavailable", "killed", "our defect")


@dataclass
class Vendor:
    """``memory`` is how long a key is remembered; the same key then gets the same answer and nothing is done.
    What the scripts do not say is answered well."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOON))
    memory: timedelta = FOR_EVER
    answers: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    seen: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    booking: str = ""

    def call(self, key: str) -> JsonObject:
        answer = self.answers.pop(0) if self.answers else "done"
        if answer == "killed before":
            raise Killed
        if answer in NEVER_REACHED:
            raise NEVER_REACHED[answer]
        before = self.seen.get(key)
        if before is None or self.clock.now - before[0] >= self.memory:
            self.seen[key] = before = (self.clock.now, "refused" if answer == "refused" else "done")
            self.acts += [key] if before[1] == "done" else []
        if answer == "answer lost":
            raise Unknown("the answer was lost")
        if answer == "killed after":
            raise Killed
        if before[1] == "refused":
            raise Refused("not possible")
        self.booking = answer
        return receipt(under=key)

    def look(self, key: str) -> JsonObject | None:
        look = self.looks.pop(0) if self.looks else "truth"
        if look == "killed":
            raise Killed
        if look == "truth":
            return receipt(under=key) if key in self.acts else None
        raise {
            "cannot tell": Unknown("cannot tell"),
            "unavailable": Unavailable("cannot be asked"),
            "our defect": ValueError("unreadable"),
        }[look]


class Remembered(Poke):
    """Uses a vendor that never forgets a key.

    Reads: the list of due numbers. Changes: what the vendor did. To stop: switch it off.
    """

    name = "test.life"
    change_type = "life"
    in_doubt = InDoubt.REPEAT
    repeat_within = None
    vendor: ClassVar[Vendor] = Vendor()
    memory: ClassVar[timedelta] = FOR_EVER

    def act(
        self, effects: Effects, facts: Number, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return self.vendor.call(key)

    def look_up(self, effects: Effects, facts: Number, *, key: str) -> JsonObject | None:
        return self.vendor.look(key)

    def record(self, done: Sequence[Done[Number]], *, now: datetime) -> None:
        booking, self.vendor.booking = self.vendor.booking, ""
        if booking == "killed in booking":
            raise Killed
        if booking == "booking fails":
            raise OSError("disk full")
        super().record(done, now=now)


class ForgottenInADay(Remembered):
    """Uses a vendor that keeps a key for a day."""

    repeat_within = memory = timedelta(hours=24)


class AskedAbout(Remembered):
    """Uses a vendor that knows no keys; a person is asked."""

    in_doubt = InDoubt.ASK_HUMAN
    memory = timedelta(0)


class Left(AskedAbout):
    """Uses a vendor that knows no keys; what is in doubt is left."""

    in_doubt = InDoubt.LEAVE
