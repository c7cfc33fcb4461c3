"""One page of one run: lease, find, decide, claim, act, close. Safe to be called any number of times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from apps.core.modes import Mode, RunMode
from apps.core.types import Window
from apps.runs.actions import raise_alert
from apps.runs.wake import announce
from workers.kernel import acting, paging
from workers.kernel.acting import Counts
from workers.kernel.automation import Automation, Computation, ComputeContext, FindContext
from workers.kernel.deciding import Sorted, sort_out
from workers.kernel.engine import Engine
from workers.kernel.gate import Gate, gate
from workers.kernel.paging import Page
from workers.kernel.proposing import hold_back_answered, propose, record_steps

log = structlog.get_logger(__name__)


def run_batch(engine: Engine, batch_id: int) -> Counts | None:
    """Works on a page if nobody else does and it is due; None otherwise. Failures are stored and retried."""
    now = engine.now()
    page = paging.lease(engine.registry, batch_id, now=now)
    if page is None:
        return None
    if page.attempts > page.work.retry.page_attempts:
        paging.fail(page, "given up: this page stopped its worker again and again", now=now)
        return None
    stop = gate(page.work.name, page.work.switch, now=now)
    if stop.mode is Mode.OFF and page.mode is not RunMode.DRY_RUN:
        paging.skip_run(page, stop.reason, now=now)
        return None
    try:
        if isinstance(page.work, Computation):
            counts = _compute(engine, page.work, page, stop, now)
        else:
            counts = _run_page(engine, page.work, page, stop, now)
    except Exception as problem:
        log.exception("page_failed", automation=page.work.name, batch=batch_id)
        paging.retry_or_fail(page, problem, now=engine.now())
        return None
    paging.finish(page, counts, now=engine.now())
    return counts


def acts(page_mode: RunMode, stop: Gate) -> bool:
    """Only a live run of an automation that is live now may touch anything."""
    return page_mode is RunMode.LIVE and stop.live


def _run_page(engine: Engine, automation: Automation[Any], page: Page, stop: Gate, now: datetime) -> Counts:
    found = _find(engine, automation, page, now)
    if page.until is None and len(found) >= automation.page_size:
        next_batch = paging.open_next(page, until=found[-1].subject_id, now=now)
        if next_batch is not None:
            announce(automation.name, "batch", str(next_batch))
    decided = sort_out(automation, found, now=now)
    hold_back_answered(decided)
    counts = Counts(
        seen=len(found), asked=len(decided.asks), failed=len(decided.broken), skips=dict(decided.skips)
    )
    if decided.broken:
        _tell_broken(automation, decided, now)
    if not acts(page.mode, stop):
        would = record_steps(page.run_id, decided, counts, now=now)
        if page.mode is RunMode.LIVE:
            counts.skip(f"would act: {stop.reason or 'in shadow'}", would)
        else:
            counts.acted = would
        return counts
    counts.asked = propose(page.run_id, automation, decided.asks, counts, now=now)
    acting.act_on(engine, automation, page.run_id, decided.acts, counts, now=now)
    return counts


def _find(engine: Engine, automation: Automation[Any], page: Page, now: datetime) -> list[Any]:
    """The page's subjects. A page gone through again goes to its own end, also when more have become due
    inside it since: the page after it begins there."""
    found: list[Any] = []
    after = page.after
    while True:
        window = Window(after, page.until, automation.page_size)
        some = list(automation.find(FindContext(page.slot, now, window, engine.sources)))
        _check_order(automation, some, window)
        found += some
        if page.until is None or len(some) < automation.page_size:
            return found
        after = some[-1].subject_id


class _DryRunOver(Exception):
    """Rolls a dry computation back."""


def _compute(engine: Engine, work: Computation, page: Page, stop: Gate, now: datetime) -> Counts:
    counts = Counts()
    context = ComputeContext(page.slot, now, engine.sources)
    if acts(page.mode, stop) and not work.one_transaction:
        counts.counts = dict(work.compute(context))
        counts.seen = max(counts.counts.values(), default=0)
        return counts
    try:
        with transaction.atomic():
            counts.counts = dict(work.compute(context))
            if not acts(page.mode, stop):
                raise _DryRunOver
    except _DryRunOver:
        log.info("computed_without_effect", automation=work.name, mode=page.mode.value)
    counts.seen = max(counts.counts.values(), default=0)
    return counts


def _check_order(automation: Automation[Any], found: list[Any], window: Window) -> None:
    last = window.after
    for facts in found:
        if facts.subject_id <= last or (window.until is not None and facts.subject_id > window.until):
            raise ValueError(
                f"{automation.name}: find must yield ascending subjects inside its window;"
                f" {facts.subject_id} came after {last}"
            )
        last = facts.subject_id
    if len(found) > window.limit:
        raise ValueError(f"{automation.name}: find yielded {len(found)} subjects, more than {window.limit}")


def _tell_broken(automation: Automation[Any], decided: Sorted, now: datetime) -> None:
    subject, error = decided.broken[0]
    raise_alert(
        "rule_failed",
        f"rule:{automation.name}",
        f"{automation.name}: {len(decided.broken)} subjects could not be decided",
        f"subject {subject}: {error}",
        "high",
        now,
    )
