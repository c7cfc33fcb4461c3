"""manage.py replay NAME [--days 7]: what today's rule would have decided on stored facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apex.registry import REGISTRY
from apps.core.clock import utc_now
from workers.kernel.replaying import Replayed, replay


class Command(BaseCommand):
    help = "Decides stored facts again under today's rules and lists the differences. Touches nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--days", type=int, default=7)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            automation = REGISTRY.automation(options["name"])
        except (KeyError, TypeError) as problem:
            raise CommandError(str(problem.args[0])) from None
        tally, differences = Replayed(), 0
        for difference in replay(automation, utc_now() - timedelta(days=options["days"]), tally):
            differences += 1
            moment = f"{difference.decided_at:%Y-%m-%d %H:%M}"
            self.stdout.write(
                f"{moment} step {difference.step_id} subject {difference.subject_id}: {difference.what}"
            )
        self.stdout.write(
            f"{tally.steps} decisions replayed, {differences} would be different today,"
            f" {tally.unreadable} could not be read"
        )
