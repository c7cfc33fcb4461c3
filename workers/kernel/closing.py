"""Closing effects: the receipt, the log, the watch and the app's own bookkeeping, in one commit."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from apps.runs.actions import raise_alert
from workers.kernel.automation import Automation, Done, InDoubt, NotDone
from workers.kernel.claims import Claim, Receipt, give_back
from workers.kernel.codec import to_json
from workers.kernel.logbook import write_log
from workers.ports import NotConfigured, OutsideError, Refused, Unavailable

log = structlog.get_logger(__name__)

_DONE = """
UPDATE runs_effect e SET state = 'done', receipt = c.receipt, finished_at = %(now)s, error = '', due_at = NULL
  FROM json_to_recordset(%(rows)s) AS c(key text, receipt jsonb)
 WHERE e.key = c.key AND e.state IN ('claimed', 'doubt')
RETURNING e.key
"""

_WATCH = """
INSERT INTO runs_observation (effect_key, automation, change_type, state, applied_at, due_at, until, looks,
                              note, evidence)
SELECT key, %(automation)s, %(change_type)s, 'watching', %(now)s, %(due)s, %(until)s, 0, '', '{}'
  FROM unnest(%(keys)s::text[]) AS k(key)
ON CONFLICT (effect_key) DO NOTHING
"""


def close_done(automation: Automation[Any], receipts: Sequence[Receipt], *, now: datetime) -> int:
    """Closes effects that were done. One that the app's bookkeeping cannot take is left claimed, so that
    the janitor comes back to it, and does not hold up the others. Returns how many were closed."""
    try:
        with transaction.atomic():
            return _close_done(automation, receipts, now=now)
    except Exception as problem:  # noqa: BLE001 - whatever the app's bookkeeping raised
        if len(receipts) > 1:
            return sum(close_done(automation, [one], now=now) for one in receipts)
        note_failure(automation, receipts[0], problem, now=now)
        return 0


def _close_done(automation: Automation[Any], receipts: Sequence[Receipt], *, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _DONE,
            {
                "rows": to_json([{"key": r.claim.wanted.key, "receipt": r.receipt} for r in receipts]),
                "now": now,
            },
        )
        updated = {row[0] for row in cursor.fetchall()}
        closed = [r for r in receipts if r.claim.wanted.key in updated]
        if not closed:
            return 0
        undone = [r for r in closed if r.claim.undoes]
        done = [r for r in closed if not r.claim.undoes]
        if automation.logged and done:
            write_log(cursor, automation, automation.change_type, done, success=True, now=now)
        if undone:
            write_log(cursor, automation, f"rollback:{automation.change_type}", undone, success=True, now=now)
        if automation.watch is not None and done:
            cursor.execute(
                _WATCH,
                {
                    "keys": [r.claim.wanted.key for r in done],
                    "automation": automation.name,
                    "change_type": automation.change_type,
                    "now": now,
                    "due": now + automation.watch.first,
                    "until": now + automation.watch.until,
                },
            )
        proposals = [r.claim.proposal_id for r in done if r.claim.proposal_id]
        if proposals:
            cursor.execute(
                "UPDATE optimization_queue SET status = 'applied', executed_at = %s, lease_until = NULL,"
                " result = 'done' WHERE id = ANY(%s) AND status IN ('approved', 'applying', 'failed')",
                [now, proposals],
            )
    if done:
        automation.record(
            [
                Done(r.claim.wanted.key, r.claim.wanted.facts, r.claim.wanted.decision, r.receipt)
                for r in done
            ],
            now=now,
        )
    return len(closed)


def close_failed(automation: Automation[Any], claim: Claim, problem: Exception, *, now: datetime) -> str:
    """Closes or frees an effect whose call failed; returns its new state. What is not one of the three
    outside errors is a defect of ours and may have happened after the call: it counts as Unknown."""
    error = describe(problem)
    if isinstance(problem, Refused):
        return _give_up(automation, claim, "refused", error, now=now)
    if isinstance(problem, Unavailable) and claim.in_doubt:
        # This call was certainly not made, but the one before may have been. The try that the operator asked
        # for is still owed to him.
        owed_at = now + automation.retry.delay(claim.attempts)
        _set(claim, "doubt", error, now=now, due_at=owed_at, replayed_by=claim.replayed_by)
        return "doubt"
    if isinstance(problem, NotConfigured):
        return _wait_for_configuration(automation, claim, error, now=now)
    if isinstance(problem, Unavailable):
        if claim.attempts >= automation.retry.attempts:
            return _give_up(automation, claim, "dead", error, now=now)
        delay = automation.retry.delay(claim.attempts).total_seconds()
        due = now.timestamp() + max(delay, problem.retry_after or 0.0)
        if _set(claim, "waiting", error, now=now, due_at=datetime.fromtimestamp(due, tz=now.tzinfo)):
            give_back(automation.name, automation.limits, [claim])
        return "waiting"
    rule = automation.in_doubt_rule(claim.wanted.facts)
    if rule is InDoubt.LEAVE:
        return _give_up(automation, claim, "unknown", error, now=now)
    if rule is InDoubt.ASK_HUMAN or claim.attempts >= automation.retry.attempts:
        ask_human(automation, claim, error, now=now)
    _set(claim, "doubt", error, now=now, due_at=now + automation.retry.delay(claim.attempts))
    return "doubt"


def _wait_for_configuration(automation: Automation[Any], claim: Claim, error: str, *, now: datetime) -> str:
    raise_alert(
        "not_configured",
        f"not_configured:{automation.name}",
        f"{automation.name} waits: {error}",
        "Nothing is lost; the work goes on as soon as this is configured.",
        "medium",
        now,
    )
    if _set(claim, "waiting", error, now=now, due_at=now + automation.retry.first, attempts=0):
        give_back(automation.name, automation.limits, [claim])
    return "waiting"


def release(automation: Automation[Any], claims: Sequence[Claim], *, now: datetime, reason: str) -> None:
    """Gives claims back that were not begun (the emergency stop came in between, or the lease ran out)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_effect e SET state = CASE WHEN c.in_doubt THEN 'doubt' ELSE 'waiting' END, due_at = %s,"
            " error = %s, attempts = greatest(e.attempts - 1, 0), lease_until = %s"
            "  FROM unnest(%s::text[], %s::int[], %s::int[], %s::bool[]) AS c(key, generation, attempts, in_doubt)"
            " WHERE e.key = c.key AND e.generation = c.generation AND e.attempts = c.attempts"
            "   AND e.state = 'claimed'",
            [now, reason, now, *([list(column) for column in zip(*map(_fence, claims), strict=True)])],
        )
        give_back(automation.name, automation.limits, claims)


def _fence(claim: Claim) -> tuple[str, int, int, bool]:
    return claim.wanted.key, claim.generation, claim.attempts, claim.in_doubt


def ask_human(automation: Automation[Any], claim: Claim, error: str, *, now: datetime) -> None:
    raise_alert(
        "effect_in_doubt",
        f"doubt:{claim.wanted.key}",
        f"{automation.name}: it is not known whether this was done",
        f"{claim.wanted.decision.title or claim.wanted.decision.reason} ({error})."
        " Say on the effect's page whether it was done.",
        "high",
        now,
    )


def note_failure(automation: Automation[Any], done: Receipt, problem: Exception, *, now: datetime) -> None:
    """The effect was done but could not be booked: said loudly, its receipt kept for the janitor to book."""
    claim = done.claim
    log.error(
        "bookkeeping_failed", automation=automation.name, key=claim.wanted.key, trace=traceback.format_exc()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_effect SET error = %s, receipt = %s WHERE key = %s AND state IN ('claimed', 'doubt')",
            [describe(problem), to_json(done.receipt), claim.wanted.key],
        )
    raise_alert(
        "bookkeeping_failed",
        f"bookkeeping:{automation.name}",
        f"{automation.name}: done outside, but it could not be booked",
        f"{claim.wanted.key}: {describe(problem)}",
        "high",
        now,
    )


def describe(problem: Exception) -> str:
    """One line for the operator; details of our own defects stay in the log."""
    if isinstance(problem, OutsideError):
        return str(problem)
    return f"{type(problem).__name__}: {problem}"[:500]


def _give_up(automation: Automation[Any], claim: Claim, state: str, error: str, *, now: datetime) -> str:
    with transaction.atomic():
        if not _set(claim, state, error, now=now, finished_at=now):
            return state
        wanted = claim.wanted
        if automation.logged:
            with connection.cursor() as cursor:
                change = f"rollback:{automation.change_type}" if claim.undoes else automation.change_type
                entry = Receipt(claim, {"state": state, "error": error})
                write_log(cursor, automation, change, [entry], success=False, now=now)
        if claim.proposal_id:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE optimization_queue SET status = 'failed', executed_at = %s, lease_until = NULL, result = %s"
                    " WHERE id = %s AND status IN ('approved', 'applying')",
                    [now, error, claim.proposal_id],
                )
        if not claim.undoes:
            automation.give_up([NotDone(wanted.key, wanted.facts, wanted.decision, state, error)], now=now)
        if state == "dead":
            raise_alert(
                "effect_dead",
                f"dead:{automation.name}",
                f"{automation.name}: given up after {claim.attempts} tries",
                f"{wanted.key}: {error}",
                "high",
                now,
            )
        if automation.limits.cooldown is not None:
            cool_down(automation, now=now)
    return state


def cool_down(automation: Automation[Any], *, now: datetime) -> None:
    if automation.limits.cooldown is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_automation SET cooldown_until = %s WHERE name = %s",
            [now + automation.limits.cooldown, automation.name],
        )


def _set(
    claim: Claim,
    state: str,
    error: str,
    *,
    now: datetime,
    due_at: datetime | None = None,
    finished_at: datetime | None = None,
    attempts: int | None = None,
    replayed_by: str = "",
) -> bool:
    """False when the claim is no longer ours: its lease ran out during the call and somebody else has taken it,
    which every taking marks by counting ``attempts`` up, and every freeing by a new generation. What that one
    finds out is what counts then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_effect SET state = %s, error = %s, due_at = %s, finished_at = %s, lease_until = %s,"
            " attempts = coalesce(%s, attempts), replayed_by = %s"
            " WHERE key = %s AND state IN ('claimed', 'doubt') AND generation = %s AND attempts = %s",
            [
                *(state, error, due_at, finished_at, now, attempts, replayed_by),
                *(claim.wanted.key, claim.generation, claim.attempts),
            ],
        )
        return bool(cursor.rowcount)
