"""Reading a batch of events: the good ones as rows, the bad ones named with their place and the reason."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from apps.customers.policy.events import (
    DEFAULT_RULES,
    MOST_EVENTS,
    MOST_QUANTITY,
    IngestRules,
    batch_stem,
    event_key,
    why_refused,
)

Kind = Literal[
    "impression",
    "login",
    "dashboard_view",
    "feature_use",
    "config_change",
    "doc_view",
    "api_call",
    "api_error",
    "sdk_download",
    "first_api_request",
    "first_impression",
]


class EventIn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One event as it is sent. ``customer`` is the external id; ``id`` may be left out when the request
    has an Idempotency-Key, ``occurred_at`` when it happened just now."""

    customer: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: Kind
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST_QUANTITY)] = 1
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = ""
    feature: Annotated[str, msgspec.Meta(max_length=100)] = ""


class _Whole(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[list[EventIn], msgspec.Meta(max_length=MOST_EVENTS)]


class _Pieces(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MOST_EVENTS)]


_whole = msgspec.json.Decoder(_Whole)
_pieces = msgspec.json.Decoder(_Pieces)
_one = msgspec.json.Decoder(EventIn)


class BadBatch(ValueError):
    """The request as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """``index`` counts from 0, as in the list that was sent."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Events to store, column by column: all lists have one length. ``at`` is in seconds since 1970 (exact
    to the microsecond until 2100), ``keys`` are 32 hexadecimal digits each, no key twice."""

    keys: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    quantities: list[int] = field(default_factory=list)
    features: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def of_customers(self, names: Collection[str]) -> Rows:
        """The rows of these customers only."""
        places = [place for place, name in enumerate(self.customers) if name in names]
        return self.at_places(places)

    def at_places(self, places: Sequence[int]) -> Rows:
        return Rows(*([column[place] for place in places] for column in self.columns()))

    def columns(self) -> tuple[list[Any], ...]:
        return (self.keys, self.customers, self.at, self.kinds, self.quantities, self.features)


@dataclass(frozen=True, slots=True)
class Batch:
    rows: Rows
    refused: list[RefusedEvent]
    repeated: int  # events whose key came earlier in the same batch


def read_batch(body: bytes, batch_key: str, now: datetime, rules: IngestRules = DEFAULT_RULES) -> Batch:
    """``batch_key`` is the request's Idempotency-Key or empty. Raises BadBatch."""
    events, refused = decode(body)
    return to_rows(events, refused, batch_key, now, rules)


def decode(body: bytes) -> tuple[Sequence[tuple[int, EventIn]], list[RefusedEvent]]:
    """All at once where every event is right, else one by one to find those that are not."""
    try:
        return list(enumerate(_whole.decode(body).events)), []
    except (msgspec.ValidationError, UnicodeDecodeError):
        return _decode_pieces(body)
    except msgspec.DecodeError as error:
        raise BadBatch(f"The body is not JSON: {error}") from None


def _decode_pieces(body: bytes) -> tuple[Sequence[tuple[int, EventIn]], list[RefusedEvent]]:
    try:
        pieces = _pieces.decode(body).events
    except msgspec.ValidationError as error:
        if "length <=" in str(error):
            raise BadBatch(f"At most {MOST_EVENTS} events are taken in one request") from None
        raise BadBatch(f'The body must be {{"events": [ … ]}}: {error}') from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBatch(f"The body is not JSON: {error}") from None
    events, refused = [], []
    for index, piece in enumerate(pieces):
        try:
            events.append((index, _one.decode(piece)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refused.append(RefusedEvent(index, str(error)))
    return events, refused


def to_rows(
    events: Sequence[tuple[int, EventIn]],
    refused: list[RefusedEvent],
    batch_key: str,
    now: datetime,
    rules: IngestRules = DEFAULT_RULES,
) -> Batch:
    """Checks what the shape of an event cannot say, and sets the keys."""
    rows = Rows()
    seen: set[str] = set()
    repeated, stem = 0, batch_stem(batch_key)
    stamp, latest, earliest = now.timestamp(), now + rules.ahead, now - rules.late
    for index, event in events:
        at = event.occurred_at
        if at is not None and not earliest <= at <= latest:
            refused.append(RefusedEvent(index, why_refused(at, now, rules) or "occurred_at is out of range"))
        elif "\0" in event.customer or "\0" in event.feature:
            refused.append(RefusedEvent(index, "text must not contain the character U+0000"))
        elif not (event.id or batch_key):
            refused.append(RefusedEvent(index, "give the event an id, or the request an Idempotency-Key"))
        else:
            key = event_key(event.customer, event.id) if event.id else f"{stem}{index:08x}"
            if key in seen:
                repeated += 1
                continue
            seen.add(key)
            rows.keys.append(key)
            rows.customers.append(event.customer)
            rows.at.append(stamp if at is None else at.timestamp())
            rows.kinds.append(event.kind)
            rows.quantities.append(event.quantity)
            rows.features.append(event.feature)
    refused.sort(key=lambda one: one.index)
    return Batch(rows, refused, repeated)
