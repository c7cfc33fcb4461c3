"""What the peer remembers, in one SQLite file. Callers hold the peer's lock; a request is one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  customer TEXT, parent TEXT, status TEXT, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (customer, kind);
CREATE INDEX IF NOT EXISTS objects_parent ON objects (parent, kind);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, method TEXT, path TEXT, params TEXT, status INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL, place REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'pending', answer TEXT);
CREATE INDEX IF NOT EXISTS deliveries_state ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event, state);
CREATE TABLE IF NOT EXISTS ledger (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, method TEXT, path TEXT, status TEXT, key TEXT);
"""


class Store:
    """Objects by id and kind, and the few tables around them."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        target = ":memory:" if folder is None else str(folder / "stripe.sqlite3")
        self.db = sqlite3.connect(target, check_same_thread=False, isolation_level=None)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        self.db.close()

    def begin(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.db.execute("COMMIT")

    def rollback(self) -> None:
        self.db.execute("ROLLBACK")

    def put(self, body: Object, *, parent: str | None = None) -> Object:
        """Inserts or replaces; ``parent`` (a subscription, invoice or payment intent) is for list filters."""
        self.db.execute(
            "INSERT INTO objects (id, kind, customer, parent, status, created, body) VALUES (?,?,?,?,?,?,?) "
            "ON CONFLICT (id) DO UPDATE SET customer=excluded.customer, status=excluded.status, "
            "body=excluded.body, parent=coalesce(excluded.parent, parent)",
            (
                body["id"],
                body["object"],
                body.get("customer"),
                parent,
                body.get("status"),
                body.get("created", 0),
                json.dumps(body),
            ),
        )
        return body

    def get(self, object_id: str) -> Object | None:
        row = self.db.execute("SELECT body FROM objects WHERE id=?", (object_id,)).fetchone()
        return None if row is None else json.loads(row[0])

    def delete(self, object_id: str) -> None:
        self.db.execute("DELETE FROM objects WHERE id=?", (object_id,))

    def select(
        self,
        kind: str,
        where: str = "1",
        values: tuple[Any, ...] = (),
        *,
        order: str = "seq DESC",
        limit: int = -1,
    ) -> Iterator[Object]:
        """Objects of a kind, newest first. ``where`` is SQL over the columns, from this package only."""
        rows = self.db.execute(
            f"SELECT body FROM objects WHERE kind=? AND {where} ORDER BY {order} LIMIT ?",  # noqa: S608
            (kind, *values, limit),
        ).fetchall()
        return (json.loads(row[0]) for row in rows)

    def seq(self, object_id: str) -> int | None:
        row = self.db.execute("SELECT seq FROM objects WHERE id=?", (object_id,)).fetchone()
        return None if row is None else int(row[0])

    def next_number(self, name: str) -> int:
        number = int(self.setting(name, 0)) + 1
        self.set(name, number)
        return number

    def setting(self, name: str, default: Any) -> Any:
        row = self.db.execute("SELECT value FROM settings WHERE name=?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (name, json.dumps(value)))

    def book(self, kind: str, **entry: Any) -> None:
        """A line in the peer's own books."""
        self.db.execute("INSERT INTO ledger (kind, entry) VALUES (?,?)", (kind, json.dumps(entry)))

    def ledger(self) -> list[Object]:
        rows = self.db.execute("SELECT kind, entry FROM ledger ORDER BY id").fetchall()
        return [{"kind": kind, **json.loads(entry)} for kind, entry in rows]
