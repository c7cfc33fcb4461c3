"""A laboratory: real workers, beats and web processes on one database and one broker, and a hand on the faults."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from django.db import OperationalError, connection
from kombu import pools
from psycopg_pool import PoolTimeout

from apex.celery import QUEUE_GROUPS
from apex.embedded.ports import free_port
from apex.registry import REGISTRY
from apps.runs.wake import Kind
from tests.faults.processes import Process
from tests.faults.servers import Servers

QUEUES = tuple(queue for group in QUEUE_GROUPS.values() for queue in group.queues)
GIVE_UP = 120  # seconds; only ever reached when something is broken

# As if time had passed: leases run out, announcements grow old, back-off is over.
_PASS = """
UPDATE runs_batch SET lease_until = lease_until - interval '1 day', sent_at = sent_at - interval '1 day',
                      due_at = due_at - interval '1 day' WHERE state IN ('queued', 'running');
UPDATE runs_effect SET lease_until = lease_until - interval '1 hour'
 WHERE state IN ('claimed', 'waiting');
UPDATE runs_effect SET due_at = due_at - interval '1 hour' WHERE state IN ('waiting', 'doubt') AND due_at > now();
"""


@dataclass
class Lab:
    folder: Path
    servers: Servers
    database_url: str
    processes: list[Process] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    copies: int = 1  # of each message this process sends

    def __post_init__(self) -> None:
        self.redis_url = self.servers.valkey.url()
        self.flag = self.folder / "trap"
        self.broker = self._connect()
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "tests.faults.lab_settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            # What nobody could be told of waits for the next minute's tick: here a minute is six seconds.
            "LAB_SPEED": "10",
            "LAB_EPOCH": str(time.time()),
            **self.environment,
        }

    def _connect(self) -> Celery:
        broker = Celery(broker=self.redis_url, set_as_current=False)
        broker.conf.update(task_ignore_result=True, broker_transport_options={"socket_timeout": 10})
        return broker

    # --- processes ---------------------------------------------------------------------------

    def worker(
        self, name: str, environment: Mapping[str, str] | None = None, *, trap: str = "", concurrency: int = 2
    ) -> Process:
        """One worker for all queues, as production starts them but for the application."""
        own = {"LAB_TRAP": trap, "LAB_FLAG": str(self.flag)} if trap else {}
        command = [
            "worker", f"--hostname={name}@lab", f"--queues={','.join(QUEUES)}", f"--concurrency={concurrency}",
            "--loglevel=INFO", "--without-mingle",
        ]  # fmt: skip
        return self._celery(name, command, {**own, **(environment or {})})

    def beat(self, name: str, environment: Mapping[str, str]) -> Process:
        schedule = str(self.folder / f"{name}.schedule")
        return self._celery(
            name, ["beat", f"--schedule={schedule}", "--pidfile=", "--loglevel=INFO"], environment
        )

    def web(self) -> str:
        """The address of a gunicorn with one process."""
        address = f"127.0.0.1:{free_port()}"
        command = ["-m", "gunicorn", "apex.wsgi:application", "--bind", address, "--threads=4",
                   "--no-control-socket", "--timeout=60"]  # fmt: skip
        self._start("web", command, {})
        return f"http://{address}"

    def _celery(self, name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        return self._start(name, ["-m", "celery", "--app=tests.faults.lab_app", *command], environment)

    def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        log = self.folder / f"{name}.log"
        process = Process(name, [sys.executable, *command], {**self.environment, **environment}, log)
        self.processes.append(process.start())
        return process

    def supervise(self) -> None:
        """Starts again what has ended, as the supervisor in production does."""
        for process in self.processes:
            if not process.alive:
                process.start()

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.broker.close()

    # --- messages ----------------------------------------------------------------------------

    def ring(self, automation: str, kind: Kind = "wake", ident: str = "") -> None:
        """The doorbell of this process: what apex.announcing sends, to this laboratory's broker."""
        if automation in REGISTRY:
            for _ in range(self.copies):
                queue = REGISTRY[automation].queue.value
                self.broker.send_task(automation, args=[kind, ident], queue=queue, retry=False)

    def tick(self) -> None:
        self.broker.send_task("apex.tick", queue="tick", retry=False)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody is told of what is written meanwhile."""
        copies, self.copies = self.copies, 0
        yield
        self.copies = copies

    @contextmanager
    def no_redis(self) -> Iterator[None]:
        """Redis is killed, and started empty afterwards."""
        self.servers.stop_valkey()
        try:
            yield
        finally:
            self.servers.start_valkey()
            self.broker.close()
            pools.reset()  # kombu keeps connections by address, whoever made them
            self.broker = self._connect()

    def flush(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()

    # --- waiting -----------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any], what: str, *, ticks: bool = True) -> None:
        """Waits, ticking twice a second. Fails with everybody's last words when it takes for ever."""
        began = ticked = time.monotonic()
        while not condition():
            now = time.monotonic()
            if now - began > GIVE_UP:
                raise AssertionError(f"{what}: not within {GIVE_UP} s\n{self.last_words()}")
            if ticks and now - ticked > 0.5:
                ticked = now
                self.tick()
            time.sleep(0.05)

    def until_broken(self, worker: Process) -> None:
        """Until the trap has ended the whole worker."""
        self.until(lambda: not worker.alive, "the trap was not sprung")
        assert self.flag.exists(), f"the worker ended by itself\n{self.last_words()}"
        self.processes.remove(worker)

    def until_idle(self) -> None:
        """Until no message waits and no worker is at work: then every lease left is a dead man's."""
        self.until(self._idle, "the workers never came to rest", ticks=False)

    def _idle(self) -> bool:
        with redis.Redis.from_url(self.redis_url) as client:
            waiting = sum(int(client.llen(queue)) for queue in QUEUES)
        if waiting:
            return False
        expected = sum("worker" in process.command for process in self.processes)
        active = self.broker.control.inspect(timeout=2, limit=expected).active()
        return bool(active) and len(active) == expected and not any(active.values())

    def pass_time(self) -> None:
        """Only while nobody is at work: a lease that runs out under a living worker would be a fault of ours."""
        with connection.cursor() as cursor:
            cursor.execute(_PASS)

    def settle(self, condition: Callable[[], Any], what: str) -> None:
        """Until it is so, letting the time pass that leases and back-off would take."""
        began = time.monotonic()
        while not self._soon(condition):
            if time.monotonic() - began > GIVE_UP:
                raise AssertionError(f"{what}: not within {GIVE_UP} s\n{self.last_words()}")
            self.until_idle()
            self.pass_time()

    def _soon(self, condition: Callable[[], Any]) -> bool:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            if condition():
                return True
            self.tick()
            time.sleep(0.25)
        return False

    def last_words(self) -> str:
        return "\n".join([self._states(), *(process.tail() for process in self.processes)])

    def _states(self) -> str:
        found: dict[str, Any] = {}
        try:
            with connection.cursor() as cursor:
                for table in ("runs_effect", "runs_batch", "runs_run", "messaging_outbox"):
                    column = "status" if table == "messaging_outbox" else "state"
                    cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608
                    found[table] = Counter(row[0] for row in cursor.fetchall())
                cursor.execute("SELECT kind, title, detail FROM runs_alert")
                found["alerts"] = cursor.fetchall()
        except (OperationalError, PoolTimeout) as problem:
            found["database"] = str(problem)
        return json.dumps(found, default=str, indent=1)
