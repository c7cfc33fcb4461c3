"""What each app has to say on the Monday page: what it did and what that is worth, and what went wrong.

Apps above register a source in ``AppConfig.ready``; this app knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Tone = Literal["good", "neutral", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line: ``title`` says what, ``value`` how much (ready to read, as "1,240.00 USD"),
    ``detail`` against what, ``url`` where to look closer."""

    title: str
    value: str
    detail: str = ""
    url: str = ""
    tone: Tone = "neutral"


# (since, now) → lines. Called on every view of the home page: a few indexed queries at most.
Source = Callable[[datetime, datetime], Sequence[SummaryLine]]

_summaries: list[Source] = []
_troubles: list[Source] = []


def register_summary(source: Source) -> None:
    """Adds lines to "What Apex did this week". Registering the same source again changes nothing."""
    if source not in _summaries:
        _summaries.append(source)


def register_trouble(source: Source) -> None:
    """Adds lines to "What failed": malformed events, refused messages … none when all is well."""
    if source not in _troubles:
        _troubles.append(source)


def summary(since: datetime, now: datetime) -> list[SummaryLine]:
    return [line for source in _summaries for line in source(since, now)]


def troubles(since: datetime, now: datetime) -> list[SummaryLine]:
    return [line for source in _troubles for line in source(since, now)]
