"""The same kernel on a virtual clock, in one process: announcements become a list that is worked off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from apps.runs.wake import Kind, use_announcer
from workers.kernel.dispatch import dispatch
from workers.kernel.engine import Engine
from workers.kernel.sweeper import tick


@dataclass(slots=True)
class VirtualClock:
    """Stands still until it is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class InProcess:
    """The kernel without a broker: what is announced anywhere in this process is worked off here."""

    engine: Engine
    todo: deque[tuple[str, Kind, str]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.engine = replace(self.engine, announce=self.append)
        use_announcer(self.append, after_commit=False)

    def append(self, automation: str, kind: Kind, ident: str) -> None:
        if automation in self.engine.registry:
            self.todo.append((automation, kind, ident))

    def drain(self, at_most: int = 100_000) -> int:
        """Works off what was announced, and what that announces. Raises RuntimeError when it never ends."""
        for count in range(at_most):
            if not self.todo:
                return count
            automation, kind, ident = self.todo.popleft()
            dispatch(self.engine, automation, kind, ident)
        raise RuntimeError(f"still announcing after {at_most} messages; the last was {self.todo[0]}")

    def tick(self) -> None:
        tick(self.engine)
        self.drain()


@dataclass
class Simulation(InProcess):
    """The same on a virtual clock."""

    clock: VirtualClock = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.engine = self.engine.at(self.clock)

    def play(
        self, until: datetime, step: timedelta, before_tick: Callable[[datetime], None] | None = None
    ) -> None:
        """Ticks every ``step`` up to ``until``; ``before_tick`` is where the outside world moves."""
        while self.clock.now < until:
            self.clock.now = min(until, self.clock.now + step)
            if before_tick is not None:
                before_tick(self.clock.now)
            self.tick()
