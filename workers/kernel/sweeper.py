"""The tick: opens what is due, finds what was lost. Any process may tick, any number at once.

Everything here is a query on PostgreSQL followed by announcements; nothing is performed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from apps.core.modes import Mode, RunMode
from apps.runs.actions import open_run, unsnooze
from apps.runs.models import Run, RunState, Trigger
from apps.runs.models.catalogue import EMERGENCY_STOP
from apps.runs.wake import Kind
from workers.kernel.catalogue import known_entries, last_slots, sync_catalogue
from workers.kernel.engine import Engine
from workers.kernel.paging import close_if_over
from workers.kernel.schedule import Row, due_slots

# An announcement older than this is taken for lost and repeated; early repeats are harmless.
ANNOUNCED_FOR = timedelta(seconds=45)

_Finding = tuple[str, Kind, str]

_LOST_BATCHES = """
UPDATE runs_batch b SET sent_at = %(now)s FROM runs_run r
 WHERE r.id = b.run_id AND b.due_at <= %(now)s AND b.sent_at < %(stale)s
   AND (b.state = 'queued' OR (b.state = 'running' AND b.lease_until < %(now)s))
RETURNING r.automation, 'batch', b.id::text
"""

_APPROVED = """
SELECT automation, 'proposal', id::text FROM optimization_queue
 WHERE status IN ('approved', 'applying') AND (lease_until IS NULL OR lease_until < %(now)s)
"""

# One message an automation, however many are in doubt: a message for each, at every tick, would outgrow
# what workers can settle between two ticks.
_IN_DOUBT = """
SELECT DISTINCT automation, 'doubts', '' FROM runs_effect
 WHERE (state = 'claimed' AND lease_until < %(now)s) OR (state = 'doubt' AND due_at <= %(now)s)
"""

# Certainly not done and due again: its automation is asked to look. One whose subject is no longer found
# must not have it look at every tick, so the same rows wake it again only after a while, and not for ever;
# whatever is still due is found by the schedule all the same.
_WAITING = """
UPDATE runs_effect SET lease_until = %(asked_again)s
 WHERE state = 'waiting' AND due_at <= %(now)s AND due_at > %(asked_until)s AND lease_until <= %(now)s
   AND proposal_id IS NULL AND undoes = ''
RETURNING automation, 'wake', ''
"""

# Certainly not done, and never to be: its proposal was rejected, or marked as applied by hand, meanwhile.
_TAKEN_BACK = """
UPDATE runs_effect e
   SET state = 'refused', finished_at = %(now)s, due_at = NULL, error = 'not done; its proposal is ' || q.status
  FROM optimization_queue q
 WHERE e.state = 'waiting' AND q.id = e.proposal_id AND q.status IN ('rejected', 'applied', 'expired')
"""

_TO_OBSERVE = """
SELECT automation, 'observation', id::text FROM runs_observation WHERE state = 'watching' AND due_at <= %(now)s
"""


@dataclass(slots=True)
class Ticked:
    """What one tick announced."""

    opened: list[str] = field(default_factory=list)
    found: list[_Finding] = field(default_factory=list)


def tick(engine: Engine) -> Ticked:
    """One tick: due slots become runs, lost or due work is announced again."""
    now = engine.now()
    sync_catalogue(engine, now=now)
    ticked = Ticked()
    _open_due(engine, ticked, now)
    unsnooze(now)
    _close_taken_back(now)
    for sql in (_LOST_BATCHES, _APPROVED, _IN_DOUBT, _WAITING, _TO_OBSERVE):
        ticked.found.extend(_query(sql, now))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_heartbeat (name, at) VALUES ('tick', %s)"
            " ON CONFLICT (name) DO UPDATE SET at = greatest(runs_heartbeat.at, excluded.at)",
            [now],
        )
    _close_finished(now)
    for automation, kind, ident in ticked.found:
        engine.announce(automation, kind, ident)
    return ticked


def _open_due(engine: Engine, ticked: Ticked, now: datetime) -> None:
    last, entries = last_slots(), known_entries()
    if entries.get(EMERGENCY_STOP, (Mode.LIVE, now))[0] is Mode.OFF:
        return  # slots stay unopened, and are caught up by each automation's rule after the stop
    for row in engine.table:
        mode, since = entries.get(row.name, (row.work.switch, now))
        if mode is Mode.OFF:
            continue
        after = max(last.get(row.name, since), since)
        for slot in due_slots(row.cron, row.work.missed, last=after, now=now):
            batch = open_slot(row, slot, mode, now)
            if batch is not None:
                ticked.opened.append(row.name)
                engine.announce(row.name, "batch", str(batch))


def open_slot(row: Row, slot: datetime, mode: Mode, now: datetime) -> int | None:
    """The first batch of a new run for this slot, None where the slot has its run already."""
    run_mode = RunMode.SHADOW if mode is Mode.SHADOW else RunMode.LIVE
    run = open_run(row.name, slot, run_mode, Trigger.SCHEDULE, now)
    return None if run is None else run.batches.get(number=0).id


def _times(now: datetime) -> dict[str, datetime]:
    return {
        "now": now,
        "stale": now - ANNOUNCED_FOR,
        "asked_again": now + timedelta(minutes=10),
        "asked_until": now - timedelta(days=2),
    }


def _query(sql: str, now: datetime) -> Iterable[_Finding]:
    with connection.cursor() as cursor:
        cursor.execute(sql, _times(now))
        return list(dict.fromkeys(cursor.fetchall()))


def _close_taken_back(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN_BACK, {"now": now})


def _close_finished(now: datetime) -> None:
    """Runs whose last page was closed by somebody who died before closing the run."""
    stale = Run.objects.filter(state=RunState.RUNNING).exclude(batches__state__in=["queued", "running"])[:100]
    for ident in list(stale.values_list("id", flat=True)):
        with transaction.atomic():
            run = Run.objects.select_for_update().get(id=ident)
            close_if_over(run, now=now)
            run.save(update_fields=["state", "finished_at"])
