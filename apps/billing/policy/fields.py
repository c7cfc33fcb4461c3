"""Reading one field of a Stripe object: of the right type, or an error that says which one is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apps.billing.policy.routes import reference

Object = Mapping[str, Any]


class MalformedObject(ValueError):
    """The object lacks what every object of its kind has."""


def mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def text(value: Any, limit: int = 255) -> str:
    return value[:limit] if isinstance(value, str) else ""


def required(obj: Object, name: str) -> str:
    value = reference(obj.get(name))
    if not value:
        raise MalformedObject(f"{obj.get('object', 'object')} {obj.get('id', '')} has no {name}")
    return value


def amount(obj: Object, name: str, default: int | None = None) -> int:
    value = obj.get(name, default)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedObject(f"{obj.get('object', 'object')} {obj.get('id', '')}: {name} is {value!r}")
    return value


def currency(obj: Object) -> str:
    value = text(obj.get("currency")).upper()
    if len(value) != 3 or not value.isalpha():
        raise MalformedObject(f"{obj.get('object', 'object')} {obj.get('id', '')} has no currency")
    return value


def moment(value: Any) -> datetime | None:
    """Unix seconds; None for null. Raises MalformedObject for anything else."""
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (OverflowError, OSError, TypeError, ValueError):
        raise MalformedObject(f"{value!r} is no moment in Unix seconds") from None
