"""What index advice is made from: tables as the database describes them, and what a query asks of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """``n_distinct`` is the number of different values by pg_stats, None before the first ANALYZE.
    ``type`` is the type's name without length or precision, as format_type writes it."""

    name: str
    type: str
    n_distinct: float | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """``columns`` are plain columns in order; an expression stands as ''. ``plain`` is a valid B-tree
    over all rows (no WHERE)."""

    name: str
    columns: tuple[str, ...]
    plain: bool = True
    valid: bool = True
    size_bytes: int = 0
    scans: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` is the planner's estimate, -1 before the first ANALYZE. Writes are rows inserted, updated
    and deleted a second, ``hot_updates_per_second`` the updates that touched no index so far."""

    schema: str
    name: str
    rows: float
    size_bytes: int
    partitioned: bool = False
    indexes: tuple[Index, ...] = ()
    columns: tuple[Column, ...] = ()
    writes_per_second: float = 0.0
    hot_updates_per_second: float = 0.0

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def covered(self, columns: tuple[str, ...]) -> Index | None:
        """The valid plain index whose first columns are these already."""
        for index in self.indexes:
            if index.plain and index.valid and index.columns[: len(columns)] == columns:
                return index
        return None


@dataclass(frozen=True, slots=True)
class Use:
    """What one level of a query asks of one table: columns compared for equality with values (also of
    an outer query), with columns of other tables, by range, and the columns it is ordered by."""

    schema: str
    table: str
    equal: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Where ``$number`` stands: beside a column (``how`` is equal or range), or as ``limit``, ``offset``."""

    number: int
    how: str
    schema: str = ""
    table: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """An index that should help one query. Costs are the planner's, of the whole query. ``after`` comes from
    HypoPG where ``hypothetical``, else from an estimate; ``share`` is the part of the rows that one look-up
    reads."""

    schema: str
    table: str
    columns: tuple[str, ...]
    before: float
    after: float
    share: float
    hypothetical: bool = False

    @property
    def saving(self) -> float:
        """0 to 1."""
        return 0.0 if self.before <= 0 else max(0.0, 1.0 - self.after / self.before)
