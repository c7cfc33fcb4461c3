"""One time line and further panels of the customer's page, to which every app may add (CUS-5).

Apps above this one register in their AppConfig.ready: ``register_timeline(source)``,
``register_panel(panel)``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.urls import reverse

Tone = Literal["neutral", "good", "info", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """``kind`` is one word shown as a label ("payment", "mail"), ``url`` a page of the admin or empty."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    url: str = ""
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Panel:
    """A card beside the time line: ``headline`` in large type, ``rows`` of label and value below it."""

    title: str
    headline: str = ""
    tone: Tone = "neutral"
    note: str = ""
    rows: Sequence[tuple[str, str]] = field(default_factory=tuple)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A list of the admin, narrowed to one customer."""

    title: str
    url: str


TimelineSource = Callable[[int, int], Iterable[TimelineEntry]]
PanelSource = Callable[[int], Panel | None]

_sources: list[TimelineSource] = []
_panels: list[PanelSource] = []
_lists: dict[str, tuple[str, str]] = {}


def register_timeline(source: TimelineSource) -> None:
    """``source(customer_id, limit)`` yields that customer's newest entries, at most ``limit``, in a query
    or two."""
    if source not in _sources:
        _sources.append(source)


def register_panel(panel: PanelSource) -> None:
    """``panel(customer_id)`` returns the card, or None where there is nothing to show."""
    if panel not in _panels:
        _panels.append(panel)


def register_list(title: str, page: str, parameter: str) -> None:
    """``page`` names a list of the admin, ``parameter`` the query that narrows it to a customer's id."""
    _lists[title] = (page, parameter)


def lists(customer_id: int) -> list[Link]:
    """In the order of registration."""
    return [
        Link(title, f"{reverse(page)}?{parameter}={customer_id}")
        for title, (page, parameter) in _lists.items()
    ]


def timeline(customer_id: int, limit: int = 100) -> list[TimelineEntry]:
    """The newest entries of all sources together, newest first."""
    entries = (entry for source in _sources for entry in source(customer_id, limit))
    return heapq.nlargest(limit, entries, key=lambda entry: entry.at)


def panels(customer_id: int) -> list[Panel]:
    """In the order of registration."""
    return [panel for source in _panels if (panel := source(customer_id)) is not None]
