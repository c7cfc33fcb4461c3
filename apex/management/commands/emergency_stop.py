"""manage.py emergency_stop: nothing acts any more."""

from __future__ import annotations

from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.clock import utc_now
from apps.runs.actions import emergency_stop


class Command(BaseCommand):
    help = "Stops every automation at once; work that is decided waits. Lift it with `manage.py resume`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reason", nargs="*", default=[])

    def handle(self, *_args: Any, **options: Any) -> None:
        emergency_stop(f"{getuser()} (command line)", utc_now(), " ".join(options["reason"]))
        self.stdout.write("Stopped: no automation acts until `manage.py resume`.")
