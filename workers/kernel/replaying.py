"""Replay: stored facts decided again under today's rules. Reads only; nothing is acted upon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import ValidationError

from apps.runs.models import Step
from workers.kernel.automation import Automation
from workers.kernel.codec import decision_from, from_plain

# Steps read at a time.
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """One subject that today's rule would decide otherwise. ``what`` says how, as "act → skip (reason)"."""

    step_id: int
    subject_id: int
    decided_at: datetime
    what: str


@dataclass(slots=True)
class Replayed:
    """``unreadable`` are facts whose shape has changed since they were stored."""

    steps: int = 0
    unreadable: int = 0


def replay(automation: Automation[Any], since: datetime, tally: Replayed) -> Iterator[Difference]:
    """Decides every step since then again, at the moment it was decided then, and yields what differs."""
    steps = Step.objects.filter(run__automation=automation.name, decided_at__gte=since).order_by("id")
    for step in steps.iterator(chunk_size=CHUNK):
        tally.steps += 1
        try:
            facts = from_plain(step.facts, automation.facts_type())
            before = decision_from(step.decision)
        except ValidationError:
            tally.unreadable += 1
            continue
        after = automation.decide(facts, now=step.decided_at)
        parts = []
        if after.verdict is not before.verdict:
            parts.append(f"{before.verdict} → {after.verdict} ({after.reason})")
        elif dict(after.params) != dict(before.params):
            parts.append(f"params {dict(before.params)} → {dict(after.params)}")
        if (after.confidence, after.risk) != (before.confidence, before.risk):
            parts.append(
                f"confidence {before.confidence} → {after.confidence}, risk {before.risk} → {after.risk}"
            )
        if parts:
            yield Difference(step.id, step.subject_id, step.decided_at, "; ".join(parts))
