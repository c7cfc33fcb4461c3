"""One laboratory a scenario, and a row about each in the report."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import environ
import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from apps.runs import wake
from peers.mailbox.server import Mailbox
from peers.stripe.server import StripePeer
from tests.faults.lab import Lab
from tests.faults.servers import Servers, running

ROW = "fault"
Report = Callable[..., None]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with running() as started:
        yield started


@pytest.fixture
def database_url(servers: Servers, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A new database, and this process's Django on it."""
    url = servers.new_database()
    before = connections["default"]
    address = environ.Env.db_url_config(url)
    ours = {key: address[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    connections["default"] = type(before)({**before.settings_dict, **ours}, "default")
    with django_db_blocker.unblock():
        yield url
        connections["default"].close()
    connections["default"] = before
    servers.drop(ours["NAME"])


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    started = Mailbox(tmp_path / "mailbox").start()
    yield started
    started.stop()


@pytest.fixture
def stripe() -> Iterator[StripePeer]:
    with StripePeer() as peer:
        yield peer


@pytest.fixture
def lab(
    tmp_path: Path, servers: Servers, database_url: str, mailbox: Mailbox, stripe: StripePeer
) -> Iterator[Lab]:
    vendors = {"SMTP_URL": mailbox.smtp_url, "STRIPE_API_BASE": stripe.url}
    lab = Lab(tmp_path, servers, database_url, environment=vendors)
    lab.flush()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wake, "_announcers", [(lab.ring, True)])
        yield lab
    lab.close()


@pytest.fixture
def report(record_property: Callable[[str, Any], None]) -> Report:
    """``report("killed after the call", times=1, lost=0, doubled=3, note="…")``"""

    def add(fault: str, *, times: int, lost: int, doubled: int, note: str = "") -> None:
        record_property(ROW, f"{fault:<58}{times:>6}{lost:>6}{doubled:>9}  {note}")

    return add


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    rows = [value for one in reports for name, value in one.user_properties if name == ROW]
    if rows:
        terminalreporter.write_sep("=", "faults")
        terminalreporter.write_line(f"{'fault':<58}{'times':>6}{'lost':>6}{'doubled':>9}")
        for row in rows:
            terminalreporter.write_line(row)
