"""Pages of a run: leased by compare-and-set, chained by key, closed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import connection, transaction
from django.db.models import Q

from apps.core.modes import RunMode
from apps.runs.actions import raise_alert
from apps.runs.models import Batch, BatchState, Run, RunState, Trigger
from workers.kernel.automation import Work
from workers.kernel.closing import describe
from workers.kernel.registry import Registry
from workers.ports import Unavailable


class PageCounts(Protocol):
    seen: int
    acted: int
    asked: int
    failed: int
    skips: dict[str, int]
    counts: dict[str, int]

    @property
    def skipped(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Page:
    batch_id: int
    run_id: int
    work: Work
    slot: datetime
    mode: RunMode
    number: int
    after: int
    until: int | None
    attempts: int


_LEASE = """
UPDATE runs_batch b
   SET state = 'running', attempts = b.attempts + 1, started_at = coalesce(b.started_at, %(now)s),
       lease_until = %(now)s::timestamptz + make_interval(secs => %(lease)s)
  FROM runs_run r
 WHERE b.id = %(id)s AND r.id = b.run_id AND b.due_at <= %(now)s
   AND (b.state = 'queued' OR (b.state = 'running' AND b.lease_until < %(now)s))
RETURNING b.run_id, r.slot, r.mode, b.number, b.after, b.until, b.attempts
"""


def automation_of(batch_id: int) -> str | None:
    return Batch.objects.filter(id=batch_id).values_list("run__automation", flat=True).first()


def lease(registry: Registry, batch_id: int, *, now: datetime) -> Page | None:
    """Takes the page if it is due and in nobody's hands."""
    name = automation_of(batch_id)
    if name is None or name not in registry:
        return None
    work = registry[name]
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, {"id": batch_id, "now": now, "lease": work.timeout.total_seconds()})
        row = cursor.fetchone()
    if row is None:
        return None
    run_id, slot, mode, number, after, until, attempts = row
    if number == 0 and attempts == 1:
        Run.objects.filter(id=run_id, started_at=None).update(started_at=now)
    return Page(batch_id, run_id, work, slot, RunMode(mode), number, after, until, attempts)


@transaction.atomic
def open_next(page: Page, *, until: int, now: datetime) -> int | None:
    """Fixes this page's end and opens the page after it; None when that was done before."""
    Batch.objects.filter(id=page.batch_id, until=None).update(until=until)
    batch, created = Batch.objects.get_or_create(
        run_id=page.run_id, number=page.number + 1, defaults={"after": until, "due_at": now, "sent_at": now}
    )
    return batch.id if created else None


@transaction.atomic
def finish(page: Page, counts: PageCounts, *, now: datetime) -> None:
    """Closes the page and adds its counts to the run, once."""
    closed = Batch.objects.filter(id=page.batch_id, state=BatchState.RUNNING, attempts=page.attempts).update(
        state=BatchState.DONE, finished_at=now, lease_until=None, error=""
    )
    if not closed:
        return
    run = Run.objects.select_for_update().get(id=page.run_id)
    run.seen += counts.seen
    run.acted += counts.acted
    run.asked += counts.asked
    run.failed += counts.failed
    run.skipped += counts.skipped
    for reason, number in counts.skips.items():
        run.skip_reasons[reason] = run.skip_reasons.get(reason, 0) + number
    run.counts = {**run.counts, **counts.counts}
    close_if_over(run, now=now)
    run.save()


def close_if_over(run: Run, *, now: datetime) -> None:
    """Sets the run's end when none of its pages is open; the caller holds the run's row and saves it."""
    states = set(run.batches.values_list("state", flat=True))
    if states & {BatchState.QUEUED, BatchState.RUNNING} or run.state != RunState.RUNNING:
        return
    run.state = RunState.FAILED if BatchState.FAILED in states else RunState.DONE
    run.finished_at = now
    if run.mode == RunMode.LIVE and (
        run.trigger == Trigger.MANUAL or run.batches.filter(attempts__gt=1).exists()
    ):
        # Gone through again: what an earlier pass had done of it counts for this run as well.
        run.acted = max(run.acted, _effects_done(run.id))


def _effects_done(run_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM runs_step s JOIN runs_effect e ON e.key = s.effect_key"
            " WHERE s.run_id = %s AND e.state = 'done' AND e.proposal_id IS NULL",
            [run_id],
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
def skip_run(page: Page, reason: str, *, now: datetime) -> None:
    """Closes this page and those nobody has begun; pages in other hands end by themselves."""
    ours = Q(id=page.batch_id) | Q(state=BatchState.QUEUED)
    Batch.objects.filter(ours, run_id=page.run_id).update(
        state=BatchState.DONE, finished_at=now, lease_until=None
    )
    run = Run.objects.select_for_update().get(id=page.run_id)
    run.error = reason
    close_if_over(run, now=now)
    if run.state == RunState.DONE and not run.seen:
        run.state = RunState.SKIPPED
    run.save()


def retry_or_fail(page: Page, problem: Exception, *, now: datetime) -> None:
    """Puts the page back with back-off, or gives it up after as many tries as the automation allows."""
    if page.attempts >= page.work.retry.page_attempts:
        fail(page, describe(problem), now=now)
        return
    delay = page.work.retry.delay(page.attempts)
    if isinstance(problem, Unavailable) and problem.retry_after:
        delay = max(delay, type(delay)(seconds=problem.retry_after))
    Batch.objects.filter(id=page.batch_id, state=BatchState.RUNNING, attempts=page.attempts).update(
        state=BatchState.QUEUED, due_at=now + delay, lease_until=None, error=describe(problem)
    )


@transaction.atomic
def fail(page: Page, error: str, *, now: datetime) -> None:
    failed = Batch.objects.filter(id=page.batch_id, state=BatchState.RUNNING, attempts=page.attempts).update(
        state=BatchState.FAILED, finished_at=now, lease_until=None, error=error
    )
    if not failed:
        return  # somebody else has taken it over
    run = Run.objects.select_for_update().get(id=page.run_id)
    run.error = error
    close_if_over(run, now=now)
    run.save()
    raise_alert(
        "run_failed",
        f"run:{page.work.name}",
        f"{page.work.name} failed",
        f"page {page.number} of the run of {page.slot:%Y-%m-%d %H:%M}: {error}",
        "high",
        now,
    )
