"""The webhook's body as an event: what is stored of it, or why it is malformed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.billing.policy.routes import MAX_ID, Route, handled, route


class MalformedBody(ValueError):
    """The body is signed but no event that could be stored as one."""


@dataclass(frozen=True, slots=True)
class Envelope:
    event_id: str
    type: str
    api_version: str
    created: datetime
    livemode: bool
    payload: dict[str, Any]
    route: Route | None
    ignored_because: str = ""


def read(body: bytes) -> Envelope:
    """Raises MalformedBody with a sentence for the operator."""
    payload = _object(body)
    event_id, event_type = payload.get("id"), payload.get("type")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= MAX_ID:
        raise MalformedBody("The event has no usable id.")
    if not isinstance(event_type, str) or not 0 < len(event_type) <= 100:
        raise MalformedBody("The event has no usable type.")
    data = payload.get("data")
    snapshot = data.get("object") if isinstance(data, dict) else None
    target = None
    if handled(event_type):
        if not isinstance(snapshot, dict):
            raise MalformedBody(f"{event_type} carries no object.")
        try:
            target = route(event_type, snapshot)
        except ValueError as error:
            raise MalformedBody(str(error)) from None
    version = payload.get("api_version")
    return Envelope(
        event_id=event_id,
        type=event_type,
        api_version=version[:60] if isinstance(version, str) else "",
        created=_moment(payload.get("created")),
        livemode=payload.get("livemode") is True,
        payload=payload,
        route=target,
        ignored_because="" if target else f"{event_type} concerns nothing that Apex keeps.",
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        # What jsonb cannot hold: numbers beyond a double, lone surrogates, NUL.
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
    except RecursionError:
        raise MalformedBody("The body is nested too deeply.") from None
    except ValueError as error:  # JSONDecodeError, UnicodeError and the refused constants
        raise MalformedBody(f"The body is not JSON: {error}") from None
    if "\\u0000" in text:
        raise MalformedBody("The body holds a NUL character.")
    if not isinstance(payload, dict):
        raise MalformedBody("The body is JSON, but not an object.")
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _moment(value: Any) -> datetime:
    """Unix seconds in v1 events, ISO 8601 in thin (v2) ones."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (OverflowError, OSError, ValueError):
        raise MalformedBody("The event's time of creation is out of range.") from None
    raise MalformedBody("The event has no time of creation.")
