"""manage.py resume: lifts the emergency stop."""

from __future__ import annotations

from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand

from apps.core.clock import utc_now
from apps.runs.actions import resume


class Command(BaseCommand):
    help = "Lifts the emergency stop; what waited goes on within a tick."

    def handle(self, *_args: Any, **_options: Any) -> None:
        resume(f"{getuser()} (command line)", utc_now())
        self.stdout.write("Resumed.")
