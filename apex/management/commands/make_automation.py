"""``make automation NAME=billing.remind_overdue``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apex import scaffold


class Command(BaseCommand):
    help = "Writes a new automation: its file, its test and its row in beat_schedule.py."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="domain.verb_object, for example billing.remind_overdue")
        parser.add_argument("--root", type=Path, default=settings.BASE_DIR, help="the checkout to write into")

    def handle(self, *_args: Any, **options: Any) -> None:
        root: Path = options["root"]
        schedule = root / "beat_schedule.py"
        try:
            names = scaffold.parse(options["name"])
            table = scaffold.scheduled(schedule.read_text(), names)
        except ValueError as error:
            raise CommandError(f"{error}.") from error
        code = root / "workers" / names.domain / f"{names.verb}.py"
        test = root / "tests" / "workers" / names.domain / f"test_{names.verb}.py"
        for path in (code, test):
            if path.exists():
                raise CommandError(f"{path.relative_to(root)} is there already.")
        for path, text in ((code, scaffold.automation(names)), (test, scaffold.test(names))):
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text)
            self.stdout.write(f"wrote {path.relative_to(root)}")
        schedule.write_text(table)
        self.stdout.write(f"added to beat_schedule.py, daily at 09:00 UTC: {options['name']}")
        self.stdout.write(
            "Next: the rule in the app's policy, with its cases; see docs/adding-an-automation.md."
        )
