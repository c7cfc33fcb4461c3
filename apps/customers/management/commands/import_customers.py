"""manage.py import_customers FILE: customers from a CSV file, by external id."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.clock import utc_now
from apps.customers.actions.imports import ImportOptions, import_csv
from apps.customers.policy.csvfile import UnreadableFile
from apps.customers.policy.mapping import BadMap

SHOWN = 20  # refused lines printed; the report in the admin lists more


class Command(BaseCommand):
    help = "Imports customers from a CSV file. Known files and plain column names need no map."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            nargs="+",
            default=[],
            metavar="FILE.json|field=column",
            help='{"column": "field"} in a file, or pairs such as external_id=Nr base_price=Price',
        )
        parser.add_argument("--encoding", default="", help="utf-8, utf-16, latin-1; found out if left out")
        parser.add_argument("--currency", default="USD", help="of prices, where no column says it")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, write nothing")

    def handle(self, *_: Any, **given: Any) -> None:
        path: Path = given["file"]
        options = ImportOptions(
            wanted=read_map(given["map"]),
            encoding=given["encoding"],
            currency=given["currency"],
            dry_run=given["dry_run"],
            requested_by="command",
        )
        try:
            report = import_csv(path.name, path.read_bytes(), options, utc_now(), self._progress)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from None
        except (UnreadableFile, BadMap) as error:
            raise CommandError(str(error)) from None
        for bad in report.refused_lines[:SHOWN]:
            self.stderr.write(f"line {bad['line']}: {bad['reason']}")
        if report.refused > SHOWN:
            self.stderr.write(f"… and {report.refused - SHOWN} more refused lines; the admin lists them")
        self.stdout.write(
            f"{'Dry run, nothing written: ' if report.dry_run else ''}{report.lines} lines: "
            f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged, "
            f"{report.refused} refused"
        )

    def _progress(self, lines: int) -> None:
        self.stderr.write(f"{lines} lines read", ending="\r" if self.stderr.isatty() else "\n")


def read_map(arguments: Sequence[str]) -> dict[str, Any]:
    """Column → field, from a JSON file or from field=column pairs. Raises CommandError."""
    chosen: dict[str, Any] = {}
    for argument in arguments:
        if "=" in argument:
            name, column = argument.split("=", 1)
            chosen[column] = name
            continue
        try:
            content = json.loads(Path(argument).read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{argument} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise CommandError(f"{argument} is not JSON: {error}") from None
        if not isinstance(content, dict):
            raise CommandError(f'{argument} must hold an object: {{"column": "field"}}')
        chosen |= content
    return chosen
