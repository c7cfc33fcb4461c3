"""The two shapes of work: an Automation acts on subjects one by one, a Computation on all at once.

Subclasses declare; they never loop, retry, log, limit or lock. The kernel does that, once, for all.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args

from apps.core.decision import Decision
from apps.core.learning import UNPROVEN, Prior
from apps.core.modes import Mode
from apps.core.types import Json, JsonObject, Window
from workers.ports import Effects, Sources, Unknown


class Queue(StrEnum):
    MONEY = "money"
    MAIL = "mail"
    GROWTH = "growth"
    PLATFORM = "platform"
    DEFAULT = "default"


class Missed(StrEnum):
    """What becomes of ticks that nobody ran (ENG-2)."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class InDoubt(StrEnum):
    """What to do with an effect that may have been done."""

    REPEAT = "repeat"  # the provider honours the key: the same call again is harmless
    ASK_HUMAN = "ask_human"
    LEAVE = "leave"  # doing it twice is worse than not at all (marketing mail)


@dataclass(frozen=True, slots=True)
class Retry:
    """Back-off of attempts that were certainly not done: first, first*factor, … up to ``longest``.

    Twelve attempts reach over two days, so that a vendor's bad weekend loses nothing. A page of a run
    is tried ``page_attempts`` times; after that it is a dead letter, to be replayed from its run.
    """

    attempts: int = 12
    page_attempts: int = 5
    first: timedelta = timedelta(minutes=1)
    factor: float = 4.0
    longest: timedelta = timedelta(hours=6)

    def delay(self, attempts_made: int) -> timedelta:
        growth = self.factor ** min(20, max(0, attempts_made - 1))  # beyond that a power only overflows
        return timedelta(seconds=min(self.longest.total_seconds(), self.first.total_seconds() * growth))


@dataclass(frozen=True, slots=True)
class Limits:
    """Blast radius (ENG-11). None means no limit. Money is in minor units a UTC day;
    ``cooldown`` stops the automation after a failure."""

    per_hour: int | None = None
    per_day: int | None = None
    money_minor_per_day: int | None = None
    cooldown: timedelta | None = None


class Facts(Protocol):
    """What ``find`` yields: a frozen dataclass of JSON-able fields."""

    @property
    def subject_id(self) -> int: ...


F = TypeVar("F", bound=Facts)


@dataclass(frozen=True, slots=True)
class FindContext:
    """``now`` is this page's moment, ``slot`` the tick it belongs to."""

    slot: datetime
    now: datetime
    window: Window
    sources: Sources


@dataclass(frozen=True, slots=True)
class ComputeContext:
    slot: datetime
    now: datetime
    sources: Sources


@dataclass(frozen=True, slots=True)
class Done(Generic[F]):
    """An effect that was performed, as handed to ``record``."""

    key: str
    facts: F
    decision: Decision
    receipt: JsonObject


@dataclass(frozen=True, slots=True)
class NotDone(Generic[F]):
    """An effect closed without being done: refused for good, or left in doubt for ever (``state``)."""

    key: str
    facts: F
    decision: Decision
    state: str
    error: str


class OutcomeState(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    WORSE = "worse"  # the watched metric worsened: the change is undone
    INCONCLUSIVE = "inconclusive"  # look again later, until the window's end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an applied change turned out to be (ENG-10). ``note`` says it with numbers."""

    state: OutcomeState
    note: str
    evidence: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """When an applied change is looked at: first after ``first``, then every ``every``, at last at ``until``."""

    first: timedelta
    every: timedelta
    until: timedelta


@dataclass(frozen=True, slots=True)
class Editable:
    """A decision parameter the operator may edit before approving. ``parse`` raises ValueError
    with a sentence that says what is allowed."""

    name: str
    label: str
    parse: Callable[[str], Json]


class Automation(ABC, Generic[F]):
    """find → decide → act. The subclass's docstring is the operator's manual (Reads / Changes / To stop)."""

    name: ClassVar[str]
    queue: ClassVar[Queue] = Queue.DEFAULT
    retry: ClassVar[Retry] = Retry()
    timeout: ClassVar[timedelta] = timedelta(minutes=5)  # of one page; its lease is this long
    missed: ClassVar[Missed] = Missed.LATEST
    switch: ClassVar[Mode] = Mode.LIVE  # the mode before the operator says otherwise
    in_doubt: ClassVar[InDoubt] = InDoubt.ASK_HUMAN
    # How long the provider keeps a key (Stripe: at least 24 h). None: repeating is harmless for ever.
    repeat_within: ClassVar[timedelta | None] = timedelta(hours=24)
    limits: ClassVar[Limits] = Limits()
    page_size: ClassVar[int] = 500
    receipts_at_once: ClassVar[int] = (
        1  # receipts committed together; above 1 only where a repeat is harmless
    )
    change_type: ClassVar[str]  # the kind of change in evolution_log and in what was learned
    logged: ClassVar[bool] = True  # False: the effect's own row is record enough (each single e-mail)
    prior: ClassVar[Prior] = UNPROVEN
    watch: ClassVar[Watch | None] = None
    editable: ClassVar[tuple[Editable, ...]] = ()

    @abstractmethod
    def find(self, ctx: FindContext) -> Iterable[F]:
        """Due subjects inside ``ctx.window``, ascending by ``subject_id``."""

    @abstractmethod
    def decide(self, facts: F, *, now: datetime) -> Decision:
        """One call of a pure rule."""

    @abstractmethod
    def key(self, facts: F) -> str:
        """The effect's idempotency key (1 to 200 characters), from committed state only."""

    @abstractmethod
    def act(self, effects: Effects, facts: F, decision: Decision, *, key: str, now: datetime) -> JsonObject:
        """Exactly one effect. Returns the receipt; raises Refused, Unavailable or Unknown."""

    def in_doubt_rule(self, facts: F) -> InDoubt:
        return self.in_doubt

    def look_up(self, effects: Effects, facts: F, *, key: str) -> JsonObject | None:
        """Asks the provider what became of an effect in doubt: its receipt, or None when it certainly
        was not done. Raises Unknown (the default) when that cannot be told."""
        raise Unknown(f"{self.name} has no way to look up {key}")

    def record(self, done: Sequence[Done[F]], *, now: datetime) -> None:
        """Local bookkeeping, set-based, in the transaction that closes the effects."""

    def give_up(self, not_done: Sequence[NotDone[F]], *, now: datetime) -> None:
        """The same for effects that were closed without being done."""

    def measure(self, sources: Sources, facts: F, receipt: JsonObject, *, now: datetime) -> Outcome:
        """What became of an applied change. Only called where ``watch`` is declared."""
        raise TypeError(f"{self.name} declares a watch and must say how to measure it")

    def undo(self, effects: Effects, facts: F, receipt: JsonObject, *, key: str, now: datetime) -> JsonObject:
        """Takes an applied change back, as one effect of its own."""
        raise TypeError(f"{self.name} cannot be undone")

    @classmethod
    def facts_type(cls) -> type[Any]:
        """The dataclass this automation's facts are stored as and read back into."""
        for base in cls.__orig_bases__:  # type: ignore[attr-defined]
            for argument in get_args(base):
                if inspect.isclass(argument):
                    return argument
        raise TypeError(f"{cls.__name__} must say its facts: class {cls.__name__}(Automation[TheFacts])")


class Computation(ABC):
    """One set-based piece of work over everybody, idempotent for its slot."""

    name: ClassVar[str]
    queue: ClassVar[Queue] = Queue.DEFAULT
    retry: ClassVar[Retry] = Retry()
    timeout: ClassVar[timedelta] = timedelta(minutes=10)
    missed: ClassVar[Missed] = Missed.LATEST
    switch: ClassVar[Mode] = Mode.LIVE
    # False where it reads outside between its writes: no lock is then held over a call, and each write is
    # idempotent by itself.
    one_transaction: ClassVar[bool] = True

    @abstractmethod
    def compute(self, ctx: ComputeContext) -> Mapping[str, int]:
        """Does the work; returns counts, as ``{"scored": 7043}``. A dry run is rolled back."""


Work = Automation[Any] | Computation
