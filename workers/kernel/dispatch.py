"""What a message asks for. Every kind is safe to be asked for twice, late, or for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from apps.core.modes import Mode, RunMode
from apps.runs.actions import open_run
from apps.runs.models import Batch, BatchState, RunState, Trigger
from apps.runs.wake import Kind
from workers.kernel.approving import apply_approved
from workers.kernel.engine import Engine
from workers.kernel.executor import run_batch
from workers.kernel.gate import gate
from workers.kernel.janitor import settle, settle_all
from workers.kernel.observing import observe


def dispatch(engine: Engine, automation: str, kind: Kind, ident: str) -> None:
    """Raises ValueError for a kind that does not exist."""
    match kind:
        case "wake":
            look_now(engine, automation)
        case "batch":
            run_batch(engine, int(ident))
        case "proposal":
            apply_approved(engine, UUID(ident))
        case "effect":
            settle(engine, ident)
        case "doubts":
            settle_all(engine, automation)
        case "observation":
            observe(engine, int(ident))
        case _:
            raise ValueError(f"{automation} was asked for a {kind!r}, which is nothing it can do")


def look_now(engine: Engine, name: str) -> None:
    """A run outside the schedule, because somebody wrote a row that needs work. A run that is open and
    has not begun to look will see that row too, so no second one is opened beside it."""
    now = engine.now()
    work = engine.registry[name]
    mode = gate(name, work.switch, now=now).mode
    if mode is Mode.OFF:
        return
    run_mode = RunMode.SHADOW if mode is Mode.SHADOW else RunMode.LIVE
    waiting = Batch.objects.filter(
        number=0,
        state=BatchState.QUEUED,
        due_at__lte=now,
        run__automation=name,
        run__mode=run_mode.value,
        run__state=RunState.RUNNING,
    )
    batch = waiting.order_by("id").first()
    if batch is None:
        batch = _open_woken(name, run_mode, now)
    run_batch(engine, batch.id)


def _open_woken(name: str, mode: RunMode, now: datetime) -> Batch:
    """A woken run's slot is its moment; where that very microsecond is taken, the next free one."""
    slot = now
    while (run := open_run(name, slot, mode, Trigger.WAKE, now)) is None:
        slot += timedelta(microseconds=1)
    return run.batches.get(number=0)
