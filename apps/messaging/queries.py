"""Reads of the outbox: what is due, set-based, with consent and suppression of this moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection
from django.db.models import CharField, IntegerField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from apps.core.types import Window
from apps.messaging.compose.headers import is_address
from apps.messaging.compose.mime import compiled
from apps.messaging.compose.placeholders import Scalar, TemplateError
from apps.messaging.conf import brand
from apps.messaging.models import OutboxMessage
from apps.messaging.policy import OutboxFacts
from apps.runs.models import Effect

WEEK = timedelta(days=7)

# The customer's own values come first in the merge, so that a context may say otherwise.
_DUE = """
SELECT o.id, o.customer_id, o.generation, o.message_class, o.template, o.locale, o.to_address, o.message_id,
       o.due_at, coalesce(s.reason, ''), coalesce(c.marketing_consent, false),
       CASE WHEN o.message_class = 'marketing' AND o.customer_id IS NOT NULL THEN (
            SELECT count(*) FROM messaging_outbox b
             WHERE b.customer_id = o.customer_id AND b.message_class = 'marketing'
               AND ((b.status = 'sent' AND b.sent_at > %(week_ago)s)
                    OR (b.status = 'queued' AND b.due_at <= %(now)s AND b.id < o.id)))
            ELSE 0 END,
       jsonb_build_object('name', c.name, 'company', c.company, 'plan', c.plan) || o.context
  FROM (SELECT * FROM messaging_outbox
         WHERE status = 'queued' AND due_at <= %(now)s AND id > %(after)s
           AND (%(until)s::bigint IS NULL OR id <= %(until)s)
         ORDER BY id LIMIT %(limit)s) o
  LEFT JOIN customers_customer c ON c.id = o.customer_id
  LEFT JOIN messaging_suppression s
         ON s.address = lower(o.to_address) AND (s.scope = 'all' OR o.message_class = 'marketing')
 ORDER BY o.id
"""


def due_messages(window: Window, *, now: datetime) -> list[OutboxFacts]:
    """One page of what waits and is due, by one query whatever its size."""
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "now": now,
                "week_ago": now - WEEK,
                "after": window.after,
                "until": window.until,
                "limit": window.limit,
            },
        )
        cap = settings.MARKETING_PER_WEEK
        return [_facts(row, cap) for row in cursor.fetchall()]


def _facts(row: tuple[Any, ...], cap: int) -> OutboxFacts:
    """``row`` has the columns of _DUE, which are the fields of OutboxFacts but for ``problem`` and the cap."""
    *fields, before, stored = row
    context: dict[str, Scalar] = msgspec.json.decode(stored)
    _, _, _, _, template, locale, to, *_ = fields
    problem = problem_of(template, locale, to, context)
    return OutboxFacts(*[*fields, problem, context, before, cap])


def problem_of(template: str, locale: str, to: str, context: dict[str, Scalar]) -> str:
    """Why this message cannot be built; empty when it can."""
    if not is_address(to):
        return f"{to!r} is no e-mail address"
    if any(isinstance(value, (dict, list)) for value in context.values()):
        return "a value of the context is a list or an object"
    try:
        return compiled(template, locale, brand()).problem(context)
    except TemplateError as error:
        return str(error)


def with_attempts(messages: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
    """Adds ``attempts`` (tries made so far) and ``last_error`` from the kernel's effect of each message."""
    key = Concat(
        Value("mail:"),
        Cast(OuterRef("id"), CharField()),
        Value(":"),
        Cast(OuterRef("generation"), CharField()),
        output_field=CharField(),
    )
    effect = Effect.objects.filter(key=key)
    return messages.annotate(
        attempts=Coalesce(Subquery(effect.values("attempts")[:1], output_field=IntegerField()), 0),
        last_error=Coalesce(
            Subquery(effect.values("error")[:1], output_field=TextField()),
            Value(""),
            output_field=TextField(),
        ),
    )


def messages_of(customer_id: int, limit: int = 100) -> list[OutboxMessage]:
    """The newest messages to one customer, for the customer page and the API."""
    return list(OutboxMessage.objects.filter(customer_id=customer_id).order_by("-created_at", "-id")[:limit])
