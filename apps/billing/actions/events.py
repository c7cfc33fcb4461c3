"""Settling events: the objects fetched for them are applied, and the events marked with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from apps.billing.actions.apply import apply
from apps.billing.actions.inbox import PROCESS
from apps.billing.actions.mirror import Applied
from apps.billing.models import EventState, StripeEvent
from apps.billing.policy.fields import MalformedObject, Object
from apps.runs.actions import raise_alert
from apps.runs.wake import wake

# Who may have work once the mirror has changed. Waking is by name: payments stand above billing.
DEPENDENTS = ("payments.open_cases", "payments.close_cases", "payments.retry_charge")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object as Stripe gave it. ``since`` is a moment before it was asked for."""

    event_row: int
    kind: str
    object_id: str
    obj: Object
    since: datetime


@transaction.atomic
def settle_events(fetched: Sequence[Fetched], now: datetime) -> None:
    """Applies each object with its row locked. One whose object cannot be applied does not stop the rest."""
    for one in sorted(fetched, key=lambda f: (f.kind, f.object_id, f.event_row)):
        try:
            applied, customer = apply(one.kind, one.obj, one.since, now)
        except MalformedObject as error:
            _fail(one, str(error), now)
            continue
        if applied is Applied.DONE:
            _close(one, EventState.PROCESSED, now)
        elif applied is Applied.UNKNOWN_CUSTOMER:
            _park(one, customer)
        else:
            _put_back(one)
    for name in DEPENDENTS:
        wake(name)


@transaction.atomic
def settle_failures(rows: Sequence[tuple[int, str]], now: datetime) -> None:
    """Marks events whose object could not be fetched: pairs of row id and error."""
    for row, error in rows:
        event = StripeEvent.objects.select_for_update().filter(id=row, state__in=_OPEN).first()
        if event is not None:
            event.state, event.error, event.processed_at = EventState.FAILED, error, now
            event.save(update_fields=["state", "error", "processed_at"])
            _alert(event.event_id, error, now)


_OPEN = (EventState.RECEIVED, EventState.PARKED)


def _close(one: Fetched, state: EventState, now: datetime) -> None:
    """Events of this object that came in before this one are answered by the same fetch: Stripe had
    made their change before it sent them, and they were stored before the object was asked for."""
    StripeEvent.objects.filter(
        object_kind=one.kind, object_id=one.object_id, id__lte=one.event_row, state__in=_OPEN
    ).update(state=state, processed_at=now, error="")


def _park(one: Fetched, customer: str) -> None:
    StripeEvent.objects.filter(id=one.event_row, state__in=_OPEN).update(
        state=EventState.PARKED,
        stripe_customer_id=customer,
        attempts=F("attempts") + 1,
        error=f"No customer has the Stripe id {customer}; processed when one does.",
    )


def _put_back(one: Fetched) -> None:
    """Another worker applied the object meanwhile and may hold the newer one: ask again."""
    put_back = StripeEvent.objects.filter(id=one.event_row, state__in=_OPEN).update(
        state=EventState.RECEIVED, attempts=F("attempts") + 1
    )
    if put_back:
        wake(PROCESS)


def _fail(one: Fetched, error: str, now: datetime) -> None:
    settle_failures([(one.event_row, error)], now)


def _alert(event_id: str, error: str, now: datetime) -> None:
    raise_alert(
        "billing.event_failed",
        f"billing.event_failed:{event_id}",
        f"A Stripe event could not be processed: {event_id}",
        f"{error} Look at it in the events inbox; it can be replayed there.",
        "medium",
        now,
    )
