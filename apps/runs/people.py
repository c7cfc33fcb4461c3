"""Whom the autopilot acted for, by name and page. The app that keeps customers registers; this one knows none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """``url`` is the customer's page in the admin."""

    name: str
    url: str


# Customer ids → those that are known, in one query however many are asked for.
Source = Callable[[Collection[int]], Mapping[int, Person]]

_sources: list[Source] = []


def register_people(source: Source) -> None:
    """Called in ``AppConfig.ready``. Registering the same source again changes nothing."""
    if source not in _sources:
        _sources.append(source)


def people(ids: Iterable[int | None]) -> dict[int, Person]:
    wanted = {ident for ident in ids if ident is not None}
    return {key: person for source in _sources if wanted for key, person in source(wanted).items()}


def person(ident: int | None) -> Person | None:
    return None if ident is None else people([ident]).get(ident)


def attach(rows: Iterable[Any]) -> list[Any]:
    """The rows, each with its customer as ``.person`` (None where there is none, or not any more)."""
    found = list(rows)
    known = people(row.customer_id for row in found)
    for row in found:
        row.person = known.get(row.customer_id)
    return found
