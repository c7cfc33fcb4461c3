"""Queueing messages in bulk, inside the transaction of whoever has something to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from django.db import connection, transaction
from django.db.models import F

from apps.messaging.compose.placeholders import Scalar, TemplateError
from apps.messaging.compose.source import about
from apps.messaging.conf import message_domain
from apps.messaging.models import MessageClass, MessageStatus, OutboxMessage
from apps.runs.wake import wake

DELIVER = "messaging.deliver"


@dataclass(frozen=True, slots=True)
class NewMail:
    """One message to one person. ``context`` fills the template's variables; the customer's name, company
    and plan are added when it is sent. ``due_at`` None means at once."""

    template: str
    customer_id: int | None
    to: str
    context: Mapping[str, Scalar] = field(default_factory=dict)
    dedupe_key: str = ""
    message_class: str = "transactional"
    locale: str = "en"
    due_at: datetime | None = None


_QUEUE = """
INSERT INTO messaging_outbox (dedupe_key, message_class, template, customer_id, to_address, locale, context,
                              message_id, status, due_at, created_at)
SELECT m.dedupe_key, m.message_class, m.template, m.customer_id, m.to_address, m.locale, m.context,
       m.message_id, 'queued', m.due_at, %(now)s
  FROM unnest(%(keys)s::text[], %(classes)s::text[], %(templates)s::text[], %(customers)s::bigint[],
              %(to)s::text[], %(locales)s::text[], %(contexts)s::jsonb[], %(ids)s::text[],
              %(due)s::timestamptz[])
    AS m(dedupe_key, message_class, template, customer_id, to_address, locale, context, message_id, due_at)
ON CONFLICT DO NOTHING
"""


def queue_mail(mails: Sequence[NewMail], now: datetime) -> int:
    """Queues in one statement, inside the caller's transaction; returns how many were new.

    A dedupe key that is known already is left alone. A marketing template is marketing whatever the
    caller says.
    Raises ValueError for an empty or overlong key, or an unknown class.
    Nothing else is refused here: a message that cannot be built is blocked, with an alert, when it is due,
    rather than undoing the caller's work.
    """
    if not mails:
        return 0
    for mail in mails:
        _check(mail)
    domain = message_domain()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _QUEUE,
            {
                "now": now,
                "keys": [mail.dedupe_key for mail in mails],
                "classes": [_class_of(mail) for mail in mails],
                "templates": [mail.template[:60] for mail in mails],
                "customers": [mail.customer_id for mail in mails],
                "to": [_one_line(mail.to) for mail in mails],
                "locales": [mail.locale[:20] or "en" for mail in mails],
                "contexts": [_json(mail.context) for mail in mails],
                "ids": [message_id(mail.dedupe_key, domain) for mail in mails],
                "due": [mail.due_at or now for mail in mails],
            },
        )
        queued = int(cursor.rowcount)
        if queued:
            wake(DELIVER)
    return queued


def _check(mail: NewMail) -> None:
    if not 1 <= len(mail.dedupe_key) <= 200:
        raise ValueError(f"a dedupe key has 1 to 200 characters: {mail.dedupe_key!r}")
    if mail.message_class not in MessageClass.values:
        raise ValueError(f"a message is transactional or marketing, not {mail.message_class!r}")


def _class_of(mail: NewMail) -> str:
    try:
        return "marketing" if about(mail.template).message_class == "marketing" else mail.message_class
    except TemplateError:  # no such template: found, and said, when the message is due
        return mail.message_class


def message_id(dedupe_key: str, domain: str) -> str:
    """The same for the same key, so that a mail server or a reader can tell a repeat."""
    return f"<{blake2b(dedupe_key.encode(), digest_size=16).hexdigest()}@{domain}>"


def _one_line(address: str) -> str:
    return " ".join(address.split())[:320].replace("\x00", "")


def _json(context: Mapping[str, Scalar]) -> str:
    """JSON text that jsonb takes: without NUL and lone surrogates, which a web form lets in."""
    return json.dumps({key: _clean(value) for key, value in context.items()})


def _clean(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return value


@transaction.atomic
def queue_again(ids: Sequence[int], *, now: datetime) -> int:
    """Puts messages that were not sent back into the queue, under a new effect key; returns how many."""
    again = (
        OutboxMessage.objects.filter(id__in=ids)
        .exclude(status__in=[MessageStatus.QUEUED, MessageStatus.SENT])
        .update(
            status=MessageStatus.QUEUED,
            reason="",
            settled_at=None,
            due_at=now,
            generation=F("generation") + 1,
        )
    )
    if again:
        wake(DELIVER)
    return again
