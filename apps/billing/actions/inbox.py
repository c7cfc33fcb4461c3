"""The inbox: taking events in, asking for an object to be fetched anew, putting failed ones back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Value

from apps.billing.models import EventSource, EventState, StripeEvent
from apps.billing.policy.envelope import Envelope, MalformedBody, read
from apps.billing.policy.routes import REFRESH, Route
from apps.runs.wake import wake

PROCESS = "billing.process_events"


@transaction.atomic
def receive(body: bytes, now: datetime) -> None:
    """Stores one signed body: one INSERT, a repeat of which changes nothing, and a wake-up."""
    try:
        event = _of(read(body), now)
    except MalformedBody as error:
        event = _malformed(body, str(error), now)
    StripeEvent.objects.bulk_create([event], ignore_conflicts=True)
    if event.state == EventState.RECEIVED:
        wake(PROCESS)


def _of(envelope: Envelope, now: datetime) -> StripeEvent:
    target = envelope.route
    return StripeEvent(
        event_id=envelope.event_id,
        type=envelope.type,
        object_kind=target.kind if target else "",
        object_id=target.object_id if target else "",
        stripe_customer_id=target.stripe_customer_id if target else "",
        api_version=envelope.api_version,
        created=envelope.created,
        livemode=envelope.livemode,
        payload=envelope.payload,
        state=EventState.RECEIVED if target else EventState.IGNORED,
        error=envelope.ignored_because,
        received_at=now,
        processed_at=None if target else now,
    )


def _malformed(body: bytes, error: str, now: datetime) -> StripeEvent:
    return StripeEvent(
        event_id=f"malformed:{hashlib.sha256(body).hexdigest()}",
        created=now,
        raw_body=body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00"),
        state=EventState.MALFORMED,
        error=error,
        received_at=now,
    )


def count_rejection(reason: str, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_webhook_rejection (day, reason, count, last_at) VALUES (%s, %s, 1, %s)"
            " ON CONFLICT (day, reason) DO UPDATE SET count = billing_webhook_rejection.count + 1,"
            " last_at = excluded.last_at",
            [now.date(), reason, now],
        )


def request_refresh(wanted: Iterable[tuple[Route, str]], now: datetime) -> None:
    """Asks for objects to be fetched anew, each once per reason (the pair's second part, at most 150
    characters): Apex knows that they changed, whether or not Stripe's event ever arrives."""
    events = [
        StripeEvent(
            event_id=f"apex:{route.kind}:{route.object_id}:{why}"[:255],
            source=EventSource.APEX,
            type=REFRESH,
            object_kind=route.kind,
            object_id=route.object_id,
            stripe_customer_id=route.stripe_customer_id,
            created=now,
            payload={"why": why},
            received_at=now,
        )
        for route, why in wanted
    ]
    if events:
        StripeEvent.objects.bulk_create(events, ignore_conflicts=True)
        wake(PROCESS)


@transaction.atomic
def replay(ids: Sequence[int]) -> int:
    """Puts failed and parked events back into the queue under a new key; returns how many."""
    put_back = StripeEvent.objects.filter(
        id__in=ids, state__in=[EventState.FAILED, EventState.PARKED]
    ).update(state=EventState.RECEIVED, attempts=F("attempts") + 1, error=Value(""), processed_at=None)
    if put_back:
        wake(PROCESS)
    return put_back
