"""A page's decided subjects claimed and performed, in portions whose loss would be harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.runs.actions import raise_alert
from apps.runs.models import Alert
from workers.kernel.automation import Automation, InDoubt
from workers.kernel.claims import Wanted, claim
from workers.kernel.engine import Engine
from workers.kernel.performing import Watchman, perform


@dataclass(slots=True)
class Counts:
    """What one page adds to its run."""

    seen: int = 0
    acted: int = 0
    asked: int = 0
    failed: int = 0
    skips: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return sum(self.skips.values())

    def skip(self, reason: str, how_many: int = 1) -> None:
        if how_many:
            self.skips[reason] = self.skips.get(reason, 0) + how_many


def act_on(
    engine: Engine,
    automation: Automation[Any],
    run_id: int,
    wanted: Sequence[Wanted],
    counts: Counts,
    *,
    now: datetime,
) -> None:
    """``now`` is when the page was leased: all its claims end with that lease."""
    watchman = Watchman(engine, automation, leased_at=now)
    waiting = len(wanted)
    for portion in _portions(automation, wanted):
        if watchman.why_stop():
            counts.skip("stopped in mid-page", waiting)
            return
        waiting -= len(portion)
        claims, limit, left_out = claim(
            run_id, automation.name, portion, automation.limits, now=now, lease=automation.timeout
        )
        if left_out:
            counts.skip(limit, left_out)
            _tell_limit(automation, limit, counts.skips[limit], now)
        counts.skip("already done or in hand", len(portion) - left_out - len(claims))
        tally = perform(engine, automation, claims, watchman)
        counts.acted += tally.done
        counts.failed += tally.failed
        counts.skip("to be tried again", tally.waiting)
        counts.skip("stopped in mid-page", tally.released)
        if tally.done and not left_out:
            _tell_flowing(automation, now)


def _tell_flowing(automation: Automation[Any], now: datetime) -> None:
    """Things are being done again: what was said about a limit or a missing vendor is over."""
    keys = [f"limit:{automation.name}", f"not_configured:{automation.name}"]
    Alert.objects.filter(dedupe_key__in=keys, resolved_at=None).update(
        resolved_at=now, resolved_by="by itself"
    )


def _portions(automation: Automation[Any], wanted: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """What may be repeated is claimed at once. Of what may not, a dead worker would leave every claim in
    doubt, begun or not; so it is claimed only as far as it is closed together."""
    repeatable: list[Wanted] = []
    delicate: list[Wanted] = []
    for one in wanted:
        rule = automation.in_doubt_rule(one.facts)
        (repeatable if rule is InDoubt.REPEAT else delicate).append(one)
    if repeatable:
        yield repeatable
    for start in range(0, len(delicate), automation.receipts_at_once):
        yield delicate[start : start + automation.receipts_at_once]


def _tell_limit(automation: Automation[Any], limit: str, left_out: int, now: datetime) -> None:
    raise_alert(
        "limit_reached",
        f"limit:{automation.name}",
        f"{automation.name}: {limit}",
        f"{left_out} more wait until there is room again.",
        "high",
        now,
    )
