"""Celery tasks, made from the registry: one per automation, named like it, so that Flower tells what runs."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from celery.signals import worker_process_init
from django.db import close_old_connections

from apex.celery import app
from apex.registry import REGISTRY
from apex.wiring import engine
from apps.runs.wake import Kind
from workers.kernel.automation import Work
from workers.kernel.dispatch import dispatch
from workers.kernel.sweeper import tick

log = structlog.get_logger(__name__)


def _make(work: Work) -> None:
    seconds = int(work.timeout.total_seconds())

    def run(kind: Kind, ident: str) -> None:
        close_old_connections()
        dispatch(engine(), work.name, kind, ident)

    # The lease and the time limit are the same: what is killed for taking too long is free to be taken again.
    decorate: Callable[[Callable[[Kind, str], None]], object] = app.task(
        name=work.name, soft_time_limit=seconds, time_limit=seconds + 15, shared=False
    )
    decorate(run)


for _work in REGISTRY.values():
    _make(_work)


@app.task(name="apex.tick", soft_time_limit=60, time_limit=75, shared=False)
def tick_task() -> None:
    """Opens due slots and finds lost work. Any number of these at once is harmless."""
    close_old_connections()
    ticked = tick(engine())
    log.info("tick", opened=len(ticked.opened), found=len(ticked.found))


@worker_process_init.connect
def _build_engine(**_: object) -> None:
    """Gateways are built in the child, so that no connection is shared across a fork."""
    engine.cache_clear()
    engine()
