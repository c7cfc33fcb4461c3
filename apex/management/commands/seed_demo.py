"""manage.py seed_demo: the demonstration's first day, through the same doors as an operator's product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apex.wiring import engine
from apps.access.actions import issue_key
from apps.billing.actions.plans import set_price
from apps.billing.models import StripeEvent
from apps.core.clock import utc_now
from apps.core.modes import RunMode
from apps.runs.actions import request_run
from apps.runs.models import Run
from workers.kernel.catalogue import sync_catalogue
from workers.kernel.schedule import previous_slot

PATIENCE = timedelta(minutes=4)
EVERY_MINUTE = "* * * * *"


class Command(BaseCommand):
    help = "Makes the demonstration business and runs the last day's schedule once. Needs a running Apex."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demonstration business is made in the demonstration only; use `make run`."
            )
        token = self._api_key()
        for plan, price in self._business("prices", token).items():
            set_price(plan, price)
        self._business("begin", token)
        self._wait("Stripe's events", lambda: not StripeEvent.objects.filter(state="received").exists())
        sync_catalogue(engine(), now=utc_now())
        for slot, name in self._last_day(utc_now()):
            run = request_run(name, slot, RunMode.LIVE, "first day", utc_now())
            self._wait(name, lambda ident=run.id: Run.objects.get(id=ident).state != "running")
            self.stdout.write(f"{slot:%a %H:%M} {name}")

    def _api_key(self) -> str:
        """The key is kept beside the other secrets of the demonstration, for the business that goes on."""
        issued = issue_key(
            "demonstration product", ["customers:write", "events:write"], utc_now(), rate_per_minute=6000
        )
        if keep := os.environ.get("APEX_DEMO_KEY_FILE"):
            path = Path(keep)
            path.touch(mode=0o600)
            path.write_text(issued.token)
        return issued.token

    def _business(self, what: str, token: str) -> dict[str, str]:
        command = [
            sys.executable, "-m", "peers.business", what, "--apex-url", settings.PUBLIC_URL,
            "--stripe-url", settings.STRIPE_API_BASE, "--stripe-key", settings.STRIPE_API_KEY,
        ]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, "APEX_API_KEY": token}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CommandError(f"The demonstration business could not be made: {done.stderr.strip()[-500:]}")
        printed: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return printed

    def _last_day(self, now: datetime) -> list[tuple[datetime, str]]:
        """Every row of the table at its newest slot, in the order of the slots; what runs every minute is
        left to the schedule."""
        rows = [row for row in engine().table if row.cron != EVERY_MINUTE]
        return sorted((previous_slot(row.cron, now), row.name) for row in rows)

    def _wait(self, what: str, over: Any) -> None:
        deadline = utc_now() + PATIENCE
        while not over():
            if utc_now() > deadline:
                raise CommandError(f"{what} did not end within {PATIENCE}; are the workers running?")
            time.sleep(0.3)
