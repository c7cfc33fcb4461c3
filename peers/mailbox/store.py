"""Messages in one SQLite file. Taking one in costs an append; rows are written in batches by a thread."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?([^\r\n]+)", re.IGNORECASE | re.MULTILINE)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, received_at TEXT NOT NULL, mail_from TEXT NOT NULL, rcpt_to TEXT NOT NULL,
    message_id TEXT NOT NULL, subject TEXT, raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS message_by_message_id ON message (message_id);
CREATE INDEX IF NOT EXISTS message_unread ON message (id) WHERE subject IS NULL;
"""
# Seconds between writes: a reader asks for a flush first, so this only bounds what a kill can lose.
_WRITE_EVERY = 0.2


class Store:
    """Thread-safe. ``folder`` is created; the file in it survives restarts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "mailbox.sqlite3", check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        self._lock = threading.Lock()
        self._pending: list[tuple[str, str, str, str, bytes]] = []
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write_on, daemon=True, name="mailbox-writer")
        self._writer.start()

    def take(self, mail_from: str, rcpt_to: list[str], raw: bytes) -> None:
        found = _MESSAGE_ID.search(raw, 0, raw.find(b"\r\n\r\n") + 2)
        message_id = found[1].decode("ascii", "replace").strip() if found else ""
        row = (datetime.now(UTC).isoformat(), mail_from, ", ".join(rcpt_to), message_id, raw)
        self._pending.append(row)

    def flush(self) -> None:
        with self._lock:
            rows, self._pending = self._pending, []
            if rows:
                self._db.executemany(
                    "INSERT INTO message (received_at, mail_from, rcpt_to, message_id, raw)"
                    " VALUES (?, ?, ?, ?, ?)",
                    rows,
                )
                self._db.commit()

    def close(self) -> None:
        self._stop.set()
        self._writer.join()
        self.flush()
        self._db.close()

    def clear(self) -> None:
        self.flush()
        with self._lock:
            self._db.execute("DELETE FROM message")
            self._db.commit()

    def stats(self) -> dict[str, int]:
        """``duplicates`` counts what came again under a Message-ID that was there already."""
        self.flush()
        total, unique = self._rows(
            "SELECT count(*), count(DISTINCT CASE WHEN message_id = '' THEN id ELSE message_id END)"
            " FROM message"
        )[0]
        return {"total": total, "unique": unique, "duplicates": total - unique}

    def newest(self, search: str = "", limit: int = 50, before: int | None = None) -> list[dict[str, Any]]:
        """Newest first; ``search`` looks into subject and recipient, ``before`` is the id to page from."""
        self._read_subjects()
        like = "%" + re.sub(r"([\\%_])", r"\\\1", search) + "%"
        rows = self._rows(
            "SELECT id, received_at, mail_from, rcpt_to, message_id, subject, length(raw) FROM message"
            " WHERE (? = '%%' OR subject LIKE ? ESCAPE '\\' OR rcpt_to LIKE ? ESCAPE '\\') AND id < ?"
            " ORDER BY id DESC LIMIT ?",
            (like, like, like, before or 1 << 62, limit),
        )
        names = ("id", "received_at", "from", "to", "message_id", "subject", "size")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def message(self, ident: int) -> dict[str, Any] | None:
        """One message parsed: headers, text, html, and how often its Message-ID came."""
        self.flush()
        rows = self._rows(
            "SELECT received_at, mail_from, rcpt_to, message_id, raw FROM message WHERE id = ?", (ident,)
        )
        if not rows:
            return None
        received_at, mail_from, rcpt_to, message_id, raw = rows[0]
        copies = self._rows("SELECT count(*) FROM message WHERE message_id = ?", (message_id,))[0][0]
        parsed: Mapping[str, Any] = parse(raw)
        return {
            "id": ident,
            "received_at": received_at,
            "from": mail_from,
            "to": rcpt_to,
            "message_id": message_id,
            "copies": copies,
            **parsed,
        }

    def raw(self, ident: int) -> bytes | None:
        self.flush()
        rows = self._rows("SELECT raw FROM message WHERE id = ?", (ident,))
        return bytes(rows[0][0]) if rows else None

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _read_subjects(self) -> None:
        """Subjects are decoded when somebody looks, as decoding costs more than taking a message in."""
        self.flush()
        while rows := self._rows(
            "SELECT id, substr(raw, 1, 16384) FROM message WHERE subject IS NULL LIMIT 1000"
        ):
            decoded = [(subject_of(bytes(raw)), ident) for ident, raw in rows]
            with self._lock:
                self._db.executemany("UPDATE message SET subject = ? WHERE id = ?", decoded)
                self._db.commit()

    def _write_on(self) -> None:
        while not self._stop.wait(_WRITE_EVERY):
            self.flush()


def subject_of(raw: bytes) -> str:
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return str(message_from_bytes(head, policy=default).get("Subject", ""))


def parse(raw: bytes) -> dict[str, Any]:
    message = message_from_bytes(raw, policy=default)
    bodies = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    return {
        "subject": str(message.get("Subject", "")),
        "headers": [[name, str(value)] for name, value in message.items()],
        "text": bodies["plain"].get_content() if bodies["plain"] is not None else "",
        "html": bodies["html"].get_content() if bodies["html"] is not None else "",
    }


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
