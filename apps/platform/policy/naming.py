"""Names of the indexes we build, and what the operator may type for their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

PREFIX = "apex_"
LONGEST_NAME = 63  # bytes, NAMEDATALEN - 1
MOST_COLUMNS = 4

_UNPRINTABLE = re.compile(r"[^a-z0-9_]+")


def index_name(schema: str, table: str, columns: Sequence[str]) -> str:
    """Readable, within PostgreSQL's 63 bytes, different for different columns, the same for ever."""
    exact = sha256("\0".join((schema, table, *columns)).encode()).hexdigest()[:8]
    words = _UNPRINTABLE.sub("_", "_".join((table, *columns)).lower())
    return f"{PREFIX}{words[: LONGEST_NAME - len(PREFIX) - 9]}_{exact}"


def quoted(name: str) -> str:
    """As an SQL identifier, for sentences shown to people; the gateway quotes by itself."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def create_statement(schema: str, table: str, columns: Sequence[str]) -> str:
    """For the eye, as psql would take it."""
    listed = ", ".join(quoted(column) for column in columns)
    name = index_name(schema, table, columns)
    return f"CREATE INDEX CONCURRENTLY {quoted(name)} ON {quoted(schema)}.{quoted(table)} ({listed})"


def drop_statement(schema: str, name: str) -> str:
    return f"DROP INDEX CONCURRENTLY {quoted(schema)}.{quoted(name)}"


def parse_columns(text: str) -> str:
    """Column names as typed, separated by commas, in the form they are kept in. Raises ValueError with a
    sentence; whether the table has such columns its database says when the index is built."""
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise ValueError("Give one or more column names, separated by commas.")
    if len(names) > MOST_COLUMNS:
        raise ValueError(f"At most {MOST_COLUMNS} columns; a wider index slows every write down.")
    if len(set(names)) != len(names):
        raise ValueError("A column is named twice.")
    for name in names:
        if len(name.encode()) > LONGEST_NAME or not name.isprintable() or '"' in name:
            raise ValueError(f"{name!r} is no column name.")
    return ", ".join(names)


def columns_of(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))
