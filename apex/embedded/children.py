"""The processes of a demonstration: what each is started with. Nothing here starts anything."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from apex.embedded.ports import HOST
from apex.embedded.supervisor import Child

# Stages: a higher one is ended first, so that nobody loses what it still needs.
SERVERS, PEERS, WORKERS, FRONT = 1, 2, 3, 4
FLOWER_TASKS = "10000"  # tasks kept in Flower's memory
WEB_THREADS = "8"
# Longer than the workers' soft shutdown (30 s): they hand back what they hold before they are killed.
WORKER_PATIENCE = 35.0


@dataclass(frozen=True, slots=True)
class Ports:
    web: int
    flower: int
    mailbox: int
    smtp: int
    stripe: int
    web_host: str = HOST


@dataclass(frozen=True, slots=True)
class Group:
    """One worker process tree: the queues it drains, and how many tasks at a time."""

    name: str
    queues: tuple[str, ...]
    concurrency: int


def peers(ports: Ports, data: Path, webhook_secret: str, target_url: str | None) -> list[Child]:
    """The stand-ins for Stripe, the mail server and, where there is one, the product's database."""
    found = [
        _python("stripe", "peers.stripe", PEERS, "--port", str(ports.stripe), "--data", str(data / "stripe"),
                "--webhook-url", f"http://{HOST}:{ports.web}/webhooks/stripe",
                "--webhook-secret", webhook_secret),
        _python("mailbox", "peers.mailbox", PEERS, "--smtp-port", str(ports.smtp),
                "--http-port", str(ports.mailbox), "--data", str(data / "mailbox")),
    ]  # fmt: skip
    if target_url:
        found.append(_python("target", "peers.target", FRONT, "--database-url", target_url))
    return found


def business(environ: Mapping[str, str], api_key: str) -> Child:
    """The invented product whose autopilot this is; its key travels by the environment."""
    child = _python(
        "business", "peers.business", FRONT, "go-on", "--apex-url", environ["PUBLIC_URL"],
        "--stripe-url", environ["STRIPE_API_BASE"], "--stripe-key", environ["STRIPE_API_KEY"],
    )  # fmt: skip
    return _with(child, {"APEX_API_KEY": api_key})


def web(ports: Ports) -> Child:
    return _python(
        "web", "gunicorn", FRONT, "apex.wsgi:application", "--bind", f"{ports.web_host}:{ports.web}",
        "--workers", "1", "--threads", WEB_THREADS, "--timeout", "60", "--graceful-timeout", "10",
        "--no-control-socket", "--access-logfile", "-",
    )  # fmt: skip


def beat(data: Path) -> Child:
    schedule = str(data / "beat" / "schedule")
    return _celery("beat", FRONT, "beat", "--schedule", schedule, "--pidfile=", "--loglevel=INFO")


def flower(ports: Ports, user: str, password: str) -> Child:
    child = _celery(
        "flower",
        FRONT,
        "flower",
        f"--address={HOST}",
        f"--port={ports.flower}",
        f"--max_tasks={FLOWER_TASKS}",
    )
    # By the environment: a command line can be read by everybody on the machine.
    return _with(child, {"FLOWER_BASIC_AUTH": f"{user}:{password}"})


def worker(group: Group) -> Child:
    child = _celery(
        f"worker-{group.name}", WORKERS, "worker", f"--hostname={group.name}@%h",
        f"--queues={','.join(group.queues)}",
        f"--concurrency={group.concurrency}", "--loglevel=INFO", "--task-events", "--without-mingle",
    )  # fmt: skip
    return Child(
        child.name, child.command, child.stage, child.environ, signal.SIGTERM, signal.SIGQUIT, WORKER_PATIENCE
    )


def groups(described: Mapping[str, tuple[list[str], int]]) -> list[Group]:
    return [Group(name, tuple(queues), concurrency) for name, (queues, concurrency) in described.items()]


def _python(name: str, module: str, stage: int, *arguments: str) -> Child:
    return Child(name, (sys.executable, "-m", module, *arguments), stage, {"APEX_PROCESS": f"apex-{name}"})


def _celery(name: str, stage: int, *arguments: str) -> Child:
    return _python(name, "celery", stage, "--app=apex.celery", *arguments)


def _with(child: Child, environ: Mapping[str, str]) -> Child:
    return Child(child.name, child.command, child.stage, {**child.environ, **environ})
