"""Importing a file of customers, with a report that stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from apps.customers.actions.upsert import CHUNK, upsert_customers
from apps.customers.models import ImportReport
from apps.customers.policy.csvfile import open_csv
from apps.customers.policy.imports import BadLine, GoodLine, read_lines
from apps.customers.policy.mapping import ColumnMap, choose_map

LISTED = 1000  # refused lines kept in the report; all are counted

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Counts:
    lines: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[BadLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """``wanted``: column → field, or column → {"field": …, "values": {…}}; empty to go by the columns' names.
    ``encoding`` empty: found out. ``currency`` is that of prices, where no column says it."""

    wanted: Mapping[str, Any] = field(default_factory=dict)
    encoding: str = ""
    currency: str = "USD"
    dry_run: bool = False
    requested_by: str = ""


def import_csv(
    name: str,
    data: bytes,
    options: ImportOptions,
    now: datetime,
    progress: Progress | None = None,
) -> ImportReport:
    """Good lines are imported in chunks, each its own transaction; bad ones are listed.
    ``progress`` is called with the lines read so far. Reading the same file again changes nothing.
    Raises UnreadableFile or BadMap before anything is written."""
    file = open_csv(data, options.encoding)
    chosen = choose_map(file.columns, options.wanted)
    lines = read_lines(file, chosen, options.currency.upper(), now)
    counts = _Counts()
    if options.dry_run:
        with transaction.atomic():
            _write(lines, counts, now, progress)
            transaction.set_rollback(True)
    else:
        _write(lines, counts, now, progress)
    counts.refused.sort(key=lambda line: line.number)
    return ImportReport.objects.create(
        file_name=name[:255],
        encoding=file.encoding,
        delimiter=file.delimiter,
        dry_run=options.dry_run,
        lines=counts.lines,
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        refused=len(counts.refused),
        refused_lines=[{"line": bad.number, "reason": bad.reason} for bad in counts.refused[:LISTED]],
        mapping=_readable(chosen),
        requested_by=options.requested_by,
        started_at=now,
    )


def _write(
    lines: Iterator[GoodLine | BadLine], counts: _Counts, now: datetime, progress: Progress | None
) -> None:
    while chunk := list(islice(lines, CHUNK)):
        good = [line for line in chunk if isinstance(line, GoodLine)]
        counts.lines += len(chunk)
        counts.refused += [line for line in chunk if isinstance(line, BadLine)]
        signed_up = {line.row.external_id: line.signed_up_at for line in good if line.signed_up_at}
        done = upsert_customers([line.row for line in good], now, signed_up=signed_up)
        counts.created += done.created
        counts.updated += done.updated
        counts.unchanged += done.unchanged
        counts.refused += [BadLine(good[place].number, reason) for place, reason in done.refused.items()]
        if progress:
            progress(counts.lines)


def _readable(chosen: ColumnMap) -> dict[str, Any]:
    return {
        column: {"field": target.field, "values": dict(target.values)} if target.values else target.field
        for column, target in chosen.items()
    }
