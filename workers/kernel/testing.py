"""For tests of automations: the real kernel on the real database, in this process, with a scripted world."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from apps.core.modes import RunMode
from apps.runs.actions import request_run
from apps.runs.models import Run
from workers.kernel.automation import Work
from workers.kernel.catalogue import sync_catalogue
from workers.kernel.engine import Engine
from workers.kernel.registry import Registry
from workers.kernel.schedule import Row
from workers.kernel.simulation import Simulation, VirtualClock
from workers.ports import Effects, Mail, Payments, Sources, Target


class Absent:
    """Stands for a part of the world that a test does not script: any use of it is an error."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this test has no {self._part}, but {name!r} was used on it")


def world(
    payments: Payments | None = None, mail: Mail | None = None, target: Target | None = None
) -> tuple[Sources, Effects]:
    payments = payments or cast(Payments, Absent("payments"))
    mail = mail or cast(Mail, Absent("mail"))
    target = target or cast(Target, Absent("target"))
    return Sources(payments=payments, target=target), Effects(payments=payments, mail=mail, target=target)


def simulate(
    works: Sequence[type[Work]],
    *,
    now: datetime,
    table: Sequence[Row] = (),
    payments: Payments | None = None,
    mail: Mail | None = None,
    target: Target | None = None,
) -> Simulation:
    """A simulation over just these automations. Set ``simulation.clock.now`` to move on. Wake-ups of
    automations that are not part of it are dropped."""
    sources, effects = world(payments, mail, target)
    clock = VirtualClock(now)
    engine = Engine(Registry(works), table, sources, effects, clock, lambda *_: None)
    simulation = Simulation(engine, clock=clock)
    sync_catalogue(simulation.engine, now=now)
    return simulation


def run_once(
    work: type[Work],
    *,
    now: datetime,
    payments: Payments | None = None,
    mail: Mail | None = None,
    target: Target | None = None,
    mode: RunMode = RunMode.LIVE,
) -> Run:
    """One manual run of one automation at ``now``, all its pages; returns the run as stored."""
    simulation = simulate([work], now=now, payments=payments, mail=mail, target=target)
    return run_in(simulation, work.name, mode=mode)


def run_in(simulation: Simulation, name: str, *, mode: RunMode = RunMode.LIVE) -> Run:
    now = simulation.clock.now
    run = request_run(name, now, mode, "test", now)
    simulation.drain()
    run.refresh_from_db()
    return run
