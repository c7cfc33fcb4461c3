"""Facts and decisions to JSON and back, exactly."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from apps.core.decision import Decision

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def to_json(value: Any) -> str:
    """JSON text of a frozen dataclass, mapping or scalar. NUL characters, which PostgreSQL's jsonb
    cannot hold, become U+FFFD."""
    text = _encoder.encode(value).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text


def from_plain(value: Any, into: type[T]) -> T:
    """A stored JSON value as the dataclass it was. Raises msgspec.ValidationError when the shape
    has changed since."""
    return msgspec.convert(value, into)


def decision_from(value: Any) -> Decision:
    return msgspec.convert(value, Decision)
