"""``make run``: servers, migrations, the demonstration's peers, then every process of Apex, until Ctrl-C."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from apex.embedded import account, children, ports, state
from apex.embedded.children import Ports
from apex.embedded.errors import CannotStart, disk_trouble
from apex.embedded.postgres import Postgres, ensure_database, psql_install
from apex.embedded.supervisor import Child, Supervisor
from apex.embedded.valkey import Valkey
from apex.settings.guard import DEMO_STRIPE_KEY, DEMO_TARGET_DATABASE

ROOT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 500 * 1024 * 1024
OPERATOR = "operator"
WEB_SECONDS = 90


class Launch:
    """One start of the demonstration. ``home`` is its data folder, ``say`` prints a line to the user."""

    def __init__(self, home: Path, environ: dict[str, str], say: Callable[[str], None]) -> None:
        self.home = home
        self.say = say
        self.given = environ
        self.supervisor = Supervisor(home / "logs", say)
        self.secrets = state.load_secrets(home / "secrets.json")
        self.environ: dict[str, str] = {}

    def up(self) -> None:
        """Returns when the first page can be opened. Raises CannotStart; the caller then calls ``down``."""
        self._check_disk()
        postgres, valkey = self._servers()
        self.ports = self._claim_ports()
        database_url, target_url = self._databases(postgres)
        self.environ = self._environment(database_url, self._redis_url(valkey), target_url)
        os.environ.update(self.environ)
        for peer in children.peers(self.ports, self.home, self.secrets["stripe_webhook"], None):
            self.supervisor.start(peer)
        prepared = self._prepare()
        self._start_apex(prepared["queue_groups"], target_url)
        self._write_files()
        self._wait_for_web()
        self._welcome(prepared["operator_password"])

    def run(self, until: Callable[[], bool]) -> None:
        """Looks after the children until ``until()``; plays the demonstration's first day once."""
        seeding = self._begin_seeding()
        while not until():
            self.supervisor.look()
            if seeding is not None and seeding.poll() is not None:
                self._end_seeding(seeding)
                seeding = None
            time.sleep(0.5)

    def down(self) -> None:
        self.supervisor.stop()
        for name in ("run.json", "demo.env"):
            (self.home / name).unlink(missing_ok=True)

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.home).free
        if free < NEEDED_BYTES:
            raise CannotStart(
                f"only {free // 2**20} MB are free for {self.home}; Apex needs 500 MB, make some room."
            )

    def _servers(self) -> tuple[Postgres | None, Valkey | None]:
        """Starts those that the environment does not name, both at a time."""
        postgres = valkey = None
        waits: list[Callable[[], None]] = []
        if not self.given.get("REDIS_URL"):
            valkey = Valkey(self.home / "valkey", ports.prefer(16379), self.secrets["redis"])
            process = self._server("valkey", valkey.command(), {})
            waits.append(lambda: valkey.wait(process))
        if not self.given.get("DATABASE_URL"):
            postgres = Postgres(self.home / "postgres", ports.prefer(54320), self.secrets["postgres"])
            postgres.initialise()
            postgres.end_leftover()
            server = self._server("postgres", postgres.command(), account.switch())
            waits.append(lambda: postgres.wait(server))
        for wait in waits:
            wait()
        return postgres, valkey

    def _server(self, name: str, command: list[str], run_as: dict[str, Any]) -> subprocess.Popen[bytes]:
        stop = signal.SIGINT if name == "postgres" else signal.SIGTERM
        return self.supervisor.start(
            Child(name, command, children.SERVERS, {}, stop, signal.SIGQUIT, 30.0, run_as, Path("/"))
        )

    def _claim_ports(self) -> Ports:
        host = self.given.get("WEB_HOST", ports.HOST)
        return Ports(
            web=ports.claim(self.given, "WEB_PORT", 8000, host),
            flower=ports.claim(self.given, "FLOWER_PORT", 5555),
            mailbox=ports.claim(self.given, "MAILBOX_PORT", 8025),
            smtp=ports.prefer(1025),
            stripe=ports.prefer(12111),
            web_host=host,
        )

    def _redis_url(self, valkey: Valkey | None) -> str:
        return valkey.url() if valkey else self.given["REDIS_URL"]

    def _databases(self, postgres: Postgres | None) -> tuple[str, str | None]:
        """Apex' own database, and the one it looks after; None where that could not be made."""
        extension = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
        if postgres:
            postgres.ensure_database("apex")
            postgres.ensure_database(DEMO_TARGET_DATABASE, statements=extension)
            return postgres.url("apex"), postgres.url(DEMO_TARGET_DATABASE)
        url = self.given["DATABASE_URL"]
        try:
            ensure_database(psql_install(), url, DEMO_TARGET_DATABASE, statements=extension)
        except CannotStart as error:
            self.say(f"The optimisation of a slow database is left out of the demonstration: {error}")
            return url, None
        return url, url.rsplit("/", 1)[0] + f"/{DEMO_TARGET_DATABASE}"

    def _environment(self, database_url: str, redis_url: str, target_url: str | None) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "apex.settings.demo",
            "SECRET_KEY": self.secrets["secret_key"],
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "TARGET_DATABASE_URL": target_url or "",
            "STRIPE_API_BASE": f"http://{ports.HOST}:{self.ports.stripe}",
            "STRIPE_API_KEY": DEMO_STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRET": self.secrets["stripe_webhook"],
            "SMTP_URL": f"smtp://{ports.HOST}:{self.ports.smtp}",
            "MAILBOX_URL": f"http://{ports.HOST}:{self.ports.mailbox}",
            "FLOWER_URL": f"http://{ports.HOST}:{self.ports.flower}",
            "PUBLIC_URL": f"http://{ports.HOST}:{self.ports.web}",
            "METRICS_TOKEN": self.secrets["metrics"],
        }

    def _prepare(self) -> dict[str, Any]:
        """Migrations, the operator's account, and what only the settings know."""
        password = secrets.token_urlsafe(12)
        environ = {**os.environ, "APEX_OPERATOR_PASSWORD": password, "LOG_LEVEL": "WARNING"}
        done = subprocess.run(
            [sys.executable, "manage.py", "prepare", "--operator", OPERATOR],
            cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise CannotStart("the database could not be brought up to date; the lines above say why.")
        prepared: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        prepared["operator_password"] = password if prepared["operator_made"] else ""
        return prepared

    def _start_apex(self, groups: dict[str, Any], target_url: str | None) -> None:
        try:
            (self.home / "beat").mkdir(exist_ok=True)
        except OSError as error:
            raise disk_trouble(error, str(self.home)) from error
        self.supervisor.start(children.web(self.ports))
        for group in children.groups(groups):
            self.supervisor.start(children.worker(group))
        self.supervisor.start(children.beat(self.home))
        self.supervisor.start(children.flower(self.ports, OPERATOR, self.secrets["flower"]))
        for peer in children.peers(self.ports, self.home, "", target_url)[2:]:
            self.supervisor.start(peer)

    def _write_files(self) -> None:
        state.write_environment(self.home / "demo.env", self.environ)
        state.write_addresses(
            self.home / "run.json",
            {
                "web": self.environ["PUBLIC_URL"],
                "flower": self.environ["FLOWER_URL"],
                "mailbox": self.environ["MAILBOX_URL"],
                "stripe": self.environ["STRIPE_API_BASE"],
                "database_url": self.environ["DATABASE_URL"],
                "redis_url": self.environ["REDIS_URL"],
                "target_database_url": self.environ["TARGET_DATABASE_URL"],
                "operator": OPERATOR,
            },
        )

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + WEB_SECONDS
        while time.monotonic() < deadline:
            if _answers(self.environ["PUBLIC_URL"] + "/health"):
                return
            self.supervisor.look()
            time.sleep(0.2)
        raise CannotStart(
            f"the web server did not answer within {WEB_SECONDS} s; see {self.home}/logs/web.log."
        )

    def _welcome(self, password: str) -> None:
        lines = [
            "",
            "Apex is running.",
            f"  admin    {self.environ['PUBLIC_URL']}/admin/",
            f"  mailbox  {self.environ['MAILBOX_URL']}",
            f"  jobs     {self.environ['FLOWER_URL']}  (user {OPERATOR}, password {self.secrets['flower']})",
            f"  logs     {self.home}/logs",
            "",
        ]
        if password:
            lines.append(f"  Log in as {OPERATOR} with the password {password} (shown this once).")
        else:
            lines.append(
                f"  Log in as {OPERATOR}. Password lost? .venv/bin/python manage.py changepassword {OPERATOR}"
            )
        self.say("\n".join([*lines, "  Ctrl-C ends everything; the data stay.", ""]))

    def _begin_seeding(self) -> subprocess.Popen[bytes] | None:
        if (self.home / "seeded").exists():
            self._start_business()
            return None
        self.say("The demonstration business plays its first day now; pages fill within two minutes.")
        command = [sys.executable, "manage.py", "seed_demo"]
        environ = {"APEX_DEMO_KEY_FILE": str(self._business_key())}
        return self.supervisor.start(Child("seed", command, children.FRONT, environ, cwd=ROOT, again=False))

    def _end_seeding(self, seeding: subprocess.Popen[bytes]) -> None:
        if seeding.returncode == 0:
            (self.home / "seeded").touch()
            self._start_business()
        else:
            self.say(f"The demonstration business could not be made; see {self.home}/logs/seed.log.")

    def _business_key(self) -> Path:
        return self.home / "business.key"

    def _start_business(self) -> None:
        """The invented product goes on sending usage, with the API key it was given on the first day."""
        if self._business_key().exists():
            self.supervisor.start(children.business(self.environ, self._business_key().read_text()))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 503  # up, and honest about a part that is not
    except OSError:
        return False
