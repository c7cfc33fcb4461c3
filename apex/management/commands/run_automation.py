"""manage.py run_automation NAME [--slot …] [--dry-run]: a run by hand, in this process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apex.wiring import engine
from apps.core.clock import utc_now
from apps.core.modes import RunMode
from apps.runs.actions import request_run
from apps.runs.models import Run, Step
from workers.kernel.catalogue import sync_catalogue
from workers.kernel.simulation import InProcess


def parse_slot(text: str) -> datetime:
    """ISO 8601; without a zone it is UTC. Raises CommandError with an example."""
    try:
        slot = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a moment; write it like 2026-03-01T09:00") from None
    return slot.astimezone(UTC) if slot.tzinfo else slot.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Runs one automation now or for a past slot; effects already done are not repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slot", help="the tick to run, like 2026-03-01T09:00 (UTC); default: now")
        parser.add_argument("--dry-run", action="store_true", help="decide and show, touch nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        local = InProcess(engine())
        now = utc_now()
        sync_catalogue(local.engine, now=now)
        mode = RunMode.DRY_RUN if options["dry_run"] else RunMode.LIVE
        slot = parse_slot(options["slot"]) if options["slot"] else now
        try:
            run = request_run(options["name"], slot, mode, "command line", now)
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        local.drain()
        run.refresh_from_db()
        self._report(run)

    def _report(self, run: Run) -> None:
        would = "would act" if run.mode == RunMode.DRY_RUN else "acted"
        self.stdout.write(
            f"{run}: {run.state}. {run.seen} seen, {run.acted} {would}, {run.asked} to approve,"
            f" {run.skipped} skipped, {run.failed} failed"
        )
        for name, number in run.counts.items():
            self.stdout.write(f"  {name}: {number}")
        for reason, number in sorted(run.skip_reasons.items()):
            self.stdout.write(f"  skipped {number}: {reason}")
        for step in Step.objects.filter(run=run).order_by("subject_id")[:50]:
            self.stdout.write(
                f"  {step.verdict} {step.subject_id}: {step.decision.get('title') or step.reason}"
            )
        if run.error:
            self.stdout.write(self.style.ERROR(f"  {run.error}"))
        if run.state != "done":
            raise SystemExit(1)
