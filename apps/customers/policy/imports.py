"""Lines of a file as rows of an upsert, and the lines that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from apps.customers.policy.csvfile import CsvText, Line
from apps.customers.policy.mapping import ColumnMap, read_cells
from apps.customers.policy.months import months_before
from apps.customers.policy.profile import CustomerIn, read_customer


@dataclass(frozen=True, slots=True)
class GoodLine:
    """``signed_up_at`` is worked out from a tenure in months; it holds for new customers only, as the
    same file read next week would give another date."""

    number: int
    row: CustomerIn
    signed_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    reason: str


def read_lines(
    file: CsvText, chosen: ColumnMap, currency: str, now: datetime
) -> Iterator[GoodLine | BadLine]:
    """In the order of the file. A second line with the same external id is refused, whichever is right."""
    first: dict[str, int] = {}
    for line in file.lines():
        read = _read(line, file, chosen, currency, now)
        if isinstance(read, GoodLine):
            earlier = first.setdefault(read.row.external_id, line.number)
            if earlier != line.number:
                read = BadLine(
                    line.number, f"external_id {read.row.external_id!r} was on line {earlier} already"
                )
        yield read


def _read(line: Line, file: CsvText, chosen: ColumnMap, currency: str, now: datetime) -> GoodLine | BadLine:
    if line.problem:
        return BadLine(line.number, line.problem)
    try:
        values = read_cells(dict(zip(file.columns, line.cells, strict=True)), chosen, currency)
        tenure = values.pop("tenure_months", None)
        if "external_id" not in values:
            return BadLine(line.number, "no external_id")
        signed_up_at = None if tenure is None else months_before(now, tenure)
        return GoodLine(line.number, read_customer(values), signed_up_at)
    except ValueError as error:
        return BadLine(line.number, str(error))
