"""Shared small types: JSON values, the clock, and the window of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
else:
    # Dataclasses that hold Json are read back by their annotations, and a recursive alias cannot be.
    Json = Any
JsonObject: TypeAlias = Mapping[str, Json]
Clock: TypeAlias = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Window:
    """One page of subjects, ordered by their bigint key: ``after < key <= until``.

    ``until`` is None on the first look at a page; the kernel then fixes it to the last key
    it read, so that a repeated page reads the same range. ``limit`` is rows, at most.
    """

    after: int = 0
    until: int | None = None
    limit: int = 500


def utc(value: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; pass an aware datetime")
    return value.astimezone(UTC)
