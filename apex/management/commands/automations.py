"""manage.py automations: the catalogue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apex.wiring import engine
from apps.core.clock import utc_now
from apps.runs.models import AutomationEntry, Run
from apps.runs.models.catalogue import EMERGENCY_STOP
from workers.kernel.catalogue import sync_catalogue
from workers.kernel.schedule import next_slot


class Command(BaseCommand):
    help = "Lists every automation: its mode, schedule (UTC), next slot, last run and what it is for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="show the manual of this one")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = utc_now()
        sync_catalogue(engine(), now=now)
        entries = AutomationEntry.objects.filter(retired=False).exclude(name=EMERGENCY_STOP)
        if options["name"]:
            self._manual(entries.filter(name=options["name"]).first(), options["name"])
            return
        last = {
            run.automation: run for run in Run.objects.order_by("automation", "-slot").distinct("automation")
        }
        if AutomationEntry.objects.filter(name=EMERGENCY_STOP, mode="off").exists():
            self.stdout.write(self.style.ERROR("EMERGENCY STOP is active; `manage.py resume` lifts it."))
        self.stdout.write(f"{'NAME':34} {'MODE':7} {'QUEUE':9} {'SCHEDULE':14} {'NEXT (UTC)':17} LAST RUN")
        for entry in entries:
            upcoming = f"{next_slot(entry.schedule, now):%Y-%m-%d %H:%M}" if entry.schedule else "when woken"
            run = last.get(entry.name)
            told = f"{run.slot:%m-%d %H:%M} {run.state}, {run.acted} of {run.seen} acted" if run else "never"
            self.stdout.write(
                f"{entry.name:34} {entry.mode:7} {entry.queue:9} {entry.schedule:14} {upcoming:17} {told}\n"
                f"    {entry.summary}"
            )

    def _manual(self, entry: AutomationEntry | None, name: str) -> None:
        if entry is None:
            self.stderr.write(f"There is no automation named {name!r}; see `manage.py automations`.")
            raise SystemExit(1)
        self.stdout.write(
            f"{entry.name} ({entry.mode}, queue {entry.queue}, {entry.schedule or 'when woken'})\n"
        )
        self.stdout.write(entry.manual)
        for key, value in sorted(entry.declared.items()):
            self.stdout.write(f"  {key}: {value}")
