"""The parts that benchmarks/kernel.py times. Imported once Django's settings point to the servers."""

from __future__ import annotations

import time
from datetime import timedelta

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from apps.core.clock import utc_now
from apps.core.modes import RunMode
from apps.runs.actions import open_run
from apps.runs.models import Run, Trigger
from benchmarks.kernel_app import ENGINE, Guarded, Subject, app
from workers.kernel.claims import Claim, Receipt, Wanted, claim
from workers.kernel.closing import close_done
from workers.kernel.simulation import InProcess


def prepare() -> None:
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_subject (id bigint PRIMARY KEY, name text NOT NULL)")


def reset(size: int) -> None:
    """Empty tables, so that every round starts from the same state; evolution_log keeps what it has."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bench_subject, runs_effect, runs_step, runs_batch, runs_run CASCADE")
        cursor.execute(
            "INSERT INTO bench_subject SELECT n, 'subject ' || n FROM generate_series(1, %s) n", [size]
        )
        cursor.execute("ANALYZE bench_subject")
    redis.Redis.from_url(settings.REDIS_URL).flushdb()


def wait_for_worker() -> None:
    while not app.control.ping(timeout=1):
        time.sleep(0.2)


def drain_bare(size: int) -> None:
    """Enqueue and drain ``size`` bare tasks; over when the queue is empty and nothing is unacknowledged."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    with app.producer_pool.acquire(block=True) as producer:
        for number in range(size):
            app.send_task("bench.bare", args=[number], queue="default", producer=producer, retry=False)
    while client.llen("default") or client.hlen("unacked"):
        time.sleep(0.005)


def drain_guarded(size: int) -> None:
    now = utc_now()
    with transaction.atomic():
        run = open_run("bench.guarded", now, RunMode.LIVE, Trigger.MANUAL, now)
    assert run is not None  # noqa: S101
    app.send_task("bench.guarded", args=["batch", str(run.batches.get().id)], queue="default")
    while Run.objects.values_list("state", flat=True).get(id=run.id) == "running":
        time.sleep(0.005)
    _check(size)


def in_process(size: int) -> None:
    local = InProcess(ENGINE)
    now = utc_now()
    run = open_run("bench.guarded", now, RunMode.LIVE, Trigger.MANUAL, now)
    assert run is not None  # noqa: S101
    local.append("bench.guarded", "batch", str(run.batches.get().id))
    local.drain()
    _check(size)


def loop(size: int) -> None:
    """The same rows with the same statements, and nothing else: no find, no rule, no lease."""
    work, now = Guarded(), utc_now()
    run = open_run("bench.guarded", now, RunMode.LIVE, Trigger.MANUAL, now)
    assert run is not None  # noqa: S101
    for start in range(0, size, work.page_size):
        facts = [Subject(n, n, f"subject {n}") for n in range(start + 1, start + work.page_size + 1)]
        decision = work.decide(facts[0], now=now)
        wanted = [Wanted(f"bench:{f.subject_id}", f, decision, f.subject_id, f.subject_id) for f in facts]
        claims: list[Claim] = claim(
            run.id, work.name, wanted, work.limits, now=now, lease=timedelta(minutes=5)
        )[0]
        close_done(work, [Receipt(one, {"id": one.wanted.subject_id}) for one in claims], now=now)
    _check(size)


def _check(size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM runs_effect WHERE state = 'done'")
        done = cursor.fetchone()[0]
    if done != size:
        raise SystemExit(f"only {done} of {size} effects were done")
