"""Which column of which table: the names of a query resolved against the tables' own columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.platform.policy.shapes import Parameter, Table, Use
from apps.platform.policy.sql import Level, Name

# (schema, table) as the query writes it → the table; tables that could not be read are left out.
Tables = Mapping[tuple[str, str], Table]


@dataclass(slots=True)
class _Found:
    equal: list[str] = field(default_factory=list)
    join: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    alias: str
    table: Table
    own: bool  # of the level asked about, not of one around it


def uses(found: Sequence[Level], tables: Tables) -> list[Use]:
    """What the query asks of each of its tables, one entry a level and table that it restricts or orders."""
    result: list[Use] = []
    for level in found:
        by_alias = {name.alias: _Found() for name in level.tables}
        _compare(level, tables, by_alias)
        _order(level, tables, by_alias)
        for name in level.tables:
            table, what = tables.get((name.schema, name.table)), by_alias[name.alias]
            if table is not None and (what.equal or what.join or what.ranges or what.order):
                result.append(
                    Use(
                        table.schema,
                        table.name,
                        *(
                            tuple(dict.fromkeys(part))
                            for part in (what.equal, what.join, what.ranges, what.order)
                        ),
                    )
                )
    return result


def parameters(found: Sequence[Level], tables: Tables) -> list[Parameter]:
    """Where each parameter stands, as far as it stands beside a column or in LIMIT and OFFSET."""
    result: dict[int, Parameter] = {}
    for level in found:
        for comparison in level.comparisons:
            place = _resolve(comparison.column, level, tables)
            for number in comparison.params if place is not None else ():
                if place is not None:
                    result[number] = Parameter(
                        number, comparison.how, place.table.schema, place.table.name, comparison.column.column
                    )
        result.update({number: Parameter(number, "limit") for number in level.limit_params})
        result.update({number: Parameter(number, "offset") for number in level.offset_params})
    return [result[number] for number in sorted(result)]


def _compare(level: Level, tables: Tables, by_alias: dict[str, _Found]) -> None:
    for comparison in level.comparisons:
        place = _resolve(comparison.column, level, tables)
        if place is None or not place.own:
            continue
        what, column = by_alias[place.alias], comparison.column.column
        other = _resolve(comparison.other, level, tables) if comparison.other is not None else None
        if comparison.other is not None and other is None:
            continue
        if other is not None and other.own:
            if comparison.how == "equal" and other.alias != place.alias:
                what.join.append(column)
        elif comparison.how == "equal":
            what.equal.append(column)
        else:
            what.ranges.append(column)


def _order(level: Level, tables: Tables, by_alias: dict[str, _Found]) -> None:
    """An index can only spare the sort where one table is read and the reading ends early."""
    if not level.limited or len(level.tables) != 1:
        return
    for name in level.order:
        place = _resolve(name, level, tables)
        if place is None or not place.own:
            return
        by_alias[place.alias].order.append(name.column)


def _resolve(name: Name, level: Level, tables: Tables) -> _Place | None:
    """The table a column belongs to, looking outwards as SQL does; None where that is not certain."""
    current: Level | None = level
    while current is not None:
        places = [
            _Place(known.alias, table, current is level)
            for known in current.tables
            if (table := tables.get((known.schema, known.table))) is not None
            and name.qualifier in ("", known.alias)
            and table.column(name.column) is not None
        ]
        if places:
            return places[0] if len(places) == 1 else None
        current = current.outer
    return None
