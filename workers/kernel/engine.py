"""What the kernel works with: the automations, the outside world, the clock, and a way to tell workers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from apps.core.types import Clock
from apps.runs.wake import Announcer
from workers.kernel.registry import Registry
from workers.kernel.schedule import Table
from workers.ports import Effects, Sources


@dataclass(frozen=True)
class Engine:
    """Built once per process by the wiring. ``clock`` is the one reading of time; pages read it when
    they begin and when they close, and pass it on as ``now``."""

    registry: Registry
    table: Table
    sources: Sources
    effects: Effects
    clock: Clock
    announce: Announcer

    def now(self) -> datetime:
        return self.clock()

    def at(self, clock: Clock) -> Engine:
        return replace(self, clock=clock)
