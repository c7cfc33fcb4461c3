"""The Celery application of the kernel's benchmark: one bare task, and one guarded automation over a table.

Started by benchmarks/kernel.py as ``celery -A benchmarks.kernel_app worker`` with two children.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import django

django.setup()

from celery import Celery  # noqa: E402
from django.db import close_old_connections, connection  # noqa: E402

from apps.core.clock import utc_now  # noqa: E402
from apps.core.decision import Decision, Verdict  # noqa: E402
from apps.core.types import JsonObject  # noqa: E402
from apps.runs.wake import Kind, use_announcer  # noqa: E402
from workers.kernel.automation import Automation, FindContext, InDoubt, Queue  # noqa: E402
from workers.kernel.dispatch import dispatch  # noqa: E402
from workers.kernel.engine import Engine  # noqa: E402
from workers.kernel.registry import Registry  # noqa: E402
from workers.ports import Effects, Sources, receipt  # noqa: E402

app = Celery("benchmark")
app.config_from_object("apex.celery_settings")
app.conf.include = []


@dataclass(frozen=True, slots=True)
class Subject:
    subject_id: int
    customer_id: int
    name: str


class Guarded(Automation[Subject]):
    """Touches every subject once, through a gateway that does nothing.

    Reads: bench_subject. Changes: nothing outside. To stop: it is only part of the benchmark.
    """

    name = "bench.guarded"
    queue = Queue.DEFAULT
    change_type = "bench"
    in_doubt = InDoubt.REPEAT
    timeout = timedelta(minutes=5)
    page_size = 500
    receipts_at_once = 500

    def find(self, ctx: FindContext) -> Iterable[Subject]:
        window = ctx.window
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, id, name FROM bench_subject WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
                [window.after, window.until if window.until is not None else 1 << 62, window.limit],
            )
            return [Subject(*row) for row in cursor.fetchall()]

    def key(self, facts: Subject) -> str:
        return f"bench:{facts.subject_id}"

    def decide(self, facts: Subject, *, now: datetime) -> Decision:
        return Decision(Verdict.ACT, "due", title="touch")

    def act(
        self, effects: Effects, facts: Subject, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        return receipt(id=facts.subject_id)


def announce(automation: str, kind: Kind, ident: str) -> None:
    app.send_task(automation, args=[kind, ident], queue="default", retry=False)


nowhere = cast(Effects, None)
ENGINE = Engine(Registry([Guarded]), (), cast(Sources, None), nowhere, utc_now, announce)
use_announcer(announce)


@app.task(name="bench.bare", shared=False)
def bare(_number: int) -> None:
    return None


@app.task(name="bench.guarded", shared=False)
def guarded(kind: Kind, ident: str) -> None:
    close_old_connections()
    dispatch(ENGINE, "bench.guarded", kind, ident)
