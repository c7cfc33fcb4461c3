"""What became of messages, written down in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

_SENT = """
UPDATE messaging_outbox o
   SET status = 'sent', sent_at = %(now)s, provider_response = d.response, reason = '', settled_at = NULL
  FROM unnest(%(ids)s::bigint[], %(responses)s::text[]) AS d(id, response)
 WHERE o.id = d.id AND o.status <> 'sent'
"""


def mark_sent(done: Iterable[tuple[int, str]], *, now: datetime) -> int:
    """(id, the server's last line) of messages that were handed over."""
    rows = list(done)
    with connection.cursor() as cursor:
        cursor.execute(_SENT, {"now": now, "ids": [i for i, _ in rows], "responses": [r for _, r in rows]})
        return int(cursor.rowcount)


_NOT_SENT = """
UPDATE messaging_outbox o SET status = d.status, reason = d.reason, settled_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(reasons)s::text[]) AS d(id, status, reason)
 WHERE o.id = d.id AND o.status = 'queued'
"""


def mark_not_sent(rows: Sequence[tuple[int, str, str]], *, now: datetime) -> int:
    """(id, status, reason) of messages that leave the queue without being sent."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _NOT_SENT,
            {
                "now": now,
                "ids": [ident for ident, _, _ in rows],
                "statuses": [status for _, status, _ in rows],
                "reasons": [reason or "no reason given" for _, _, reason in rows],
            },
        )
        return int(cursor.rowcount)
