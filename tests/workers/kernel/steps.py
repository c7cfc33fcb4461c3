"""Small steps of the kernel's tests: time goes by, calls fail in turn, a worker is killed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from workers.kernel.simulation import Simulation


class Killed(BaseException):
    """As kill -9: nothing catches it."""


def later(simulation: Simulation, by: timedelta, times: int = 1) -> None:
    for _ in range(times):
        simulation.clock.now += by
        simulation.tick()


def in_turn(*problems: BaseException | None) -> Callable[[str], None]:
    """Raises each problem once, in order; nothing for None and afterwards."""
    left = list(problems)

    def answer(_key: str) -> None:
        problem = left.pop(0) if left else None
        if problem is not None:
            raise problem

    return answer
