"""Performing claimed effects: one call each, receipts committed in groups where repeats are harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from apps.core.types import JsonObject
from workers.kernel.automation import Automation
from workers.kernel.claims import Claim, Receipt
from workers.kernel.closing import close_done, close_failed, release
from workers.kernel.engine import Engine
from workers.kernel.gate import gate
from workers.ports import OutsideError

log = structlog.get_logger(__name__)

# How long calls go on at most before the emergency stop is looked at again.
STOP_CHECKED_EVERY = timedelta(seconds=1)
# The last part of a lease in which no call is begun: one that is under way must end before somebody else
# may take the claim for a dead man's.
LEASE_KEPT_FREE = 0.1


@dataclass(slots=True)
class Tally:
    done: int = 0
    failed: int = 0
    waiting: int = 0
    released: int = 0


@dataclass(slots=True)
class Watchman:
    """Says when to stop in mid-page: the switch was turned, or the lease on the claims is nearly over."""

    engine: Engine
    automation: Automation[Any]
    leased_at: datetime
    _looked_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._looked_at = self.engine.now()

    def why_stop(self) -> str:
        """Empty as long as calls may go on."""
        now = self.engine.now()
        if now - self.leased_at >= self.automation.timeout * (1 - LEASE_KEPT_FREE):
            return "the page's time was up"
        if now - self._looked_at < STOP_CHECKED_EVERY:
            return ""
        self._looked_at = now
        stop = gate(self.automation.name, self.automation.switch, now=now)
        return "" if stop.may_finish else stop.reason


def call(engine: Engine, automation: Automation[Any], claim: Claim) -> JsonObject:
    """The one call to the outside, an undo where the claim says so."""
    wanted = claim.wanted
    if claim.undoes:
        return automation.undo(
            engine.effects, wanted.facts, claim.receipt, key=claim.vendor_key, now=engine.now()
        )
    return automation.act(
        engine.effects, wanted.facts, wanted.decision, key=claim.vendor_key, now=engine.now()
    )


def perform(
    engine: Engine, automation: Automation[Any], claims: Sequence[Claim], watchman: Watchman | None = None
) -> Tally:
    """Performs each claim once. Whatever happens, every claim ends in a state the janitor understands."""
    tally = Tally()
    receipts: list[Receipt] = []
    watchman = watchman or Watchman(engine, automation, engine.now())
    for number, claim in enumerate(claims):
        if reason := watchman.why_stop():
            release(automation, claims[number:], now=engine.now(), reason=reason)
            tally.released += len(claims) - number
            break
        try:
            receipts.append(Receipt(claim, call(engine, automation, claim)))
        except Exception as problem:
            if not isinstance(problem, OutsideError):
                log.exception("act_failed", automation=automation.name, key=claim.wanted.key)
            _close_failed(engine, automation, claim, problem, tally)
        if len(receipts) >= automation.receipts_at_once:
            _flush(engine, automation, receipts, tally)
    _flush(engine, automation, receipts, tally)
    return tally


def _close_failed(
    engine: Engine, automation: Automation[Any], claim: Claim, problem: Exception, tally: Tally
) -> None:
    """One that cannot even be closed stays claimed, for the janitor; the others' receipts are not lost by it."""
    try:
        state = close_failed(automation, claim, problem, now=engine.now())
    except Exception:
        log.exception("closing_failed", automation=automation.name, key=claim.wanted.key)
        state = "doubt"
    tally.waiting += state in ("waiting", "doubt")
    tally.failed += state not in ("waiting", "doubt")


def _flush(engine: Engine, automation: Automation[Any], receipts: list[Receipt], tally: Tally) -> None:
    if receipts:
        closed = close_done(automation, receipts, now=engine.now())
        tally.done += closed
        tally.waiting += len(receipts) - closed
        receipts.clear()
