"""Claiming effects: set-based, committed before anything is done on the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.runs.policy import Allowed, Used, fit
from workers.kernel.automation import Limits
from workers.kernel.codec import to_json


@dataclass(frozen=True, slots=True)
class Wanted:
    """One subject with its decision, on its way to an effect or a proposal."""

    key: str
    facts: Any
    decision: Decision
    subject_id: int
    customer_id: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """An effect this process may perform, once, until ``lease_until``."""

    wanted: Wanted
    generation: int
    attempts: int
    proposal_id: UUID | None = None
    undoes: str = ""
    receipt: Any = None  # of the effect that this one undoes
    approved_by: str = "rule"
    claimed_at: datetime | None = None  # None where it was not counted
    in_doubt: bool = False  # an earlier call under this key may have been done
    replayed_by: str = ""  # who asked for this one more try

    @property
    def vendor_key(self) -> str:
        """The key the vendor sees. It changes only after the vendor proved that the earlier one never happened."""
        return f"{self.wanted.key}#{self.generation}" if self.generation else self.wanted.key


@dataclass(frozen=True, slots=True)
class Receipt:
    """A claim that was performed, with what the outside answered."""

    claim: Claim
    receipt: JsonObject


_CLAIM = """
WITH wanted AS (
    SELECT * FROM json_to_recordset(%(rows)s) AS w(key text, subject_id bigint, customer_id bigint, reason text,
                                                   facts jsonb, decision jsonb, verdict text)
), claimed AS (
    INSERT INTO runs_effect (key, automation, subject_id, customer_id, undoes, state, attempts, generation,
                             error, claimed_at, lease_until)
    SELECT key, %(automation)s, subject_id, customer_id, '', 'claimed', 1, 0, '', %(now)s, %(lease)s
      FROM wanted ORDER BY key
    ON CONFLICT (key) DO UPDATE
       SET state = 'claimed', attempts = runs_effect.attempts + 1, claimed_at = excluded.claimed_at,
           lease_until = excluded.lease_until, due_at = NULL
     WHERE runs_effect.state = 'waiting' AND runs_effect.due_at <= %(now)s AND runs_effect.proposal_id IS NULL
    RETURNING key, generation, attempts
), stepped AS (
    INSERT INTO runs_step (run_id, subject_id, customer_id, verdict, reason, facts, decision, effect_key, decided_at)
    SELECT %(run)s, w.subject_id, w.customer_id, w.verdict, w.reason, w.facts, w.decision, w.key, %(now)s
      FROM wanted w JOIN claimed USING (key)
    ON CONFLICT (run_id, subject_id, effect_key) DO UPDATE
       SET facts = excluded.facts, decision = excluded.decision, reason = excluded.reason,
           decided_at = excluded.decided_at
)
SELECT key, generation, attempts FROM claimed
"""

_CLAIM_ONE = """
INSERT INTO runs_effect (key, automation, subject_id, customer_id, undoes, proposal_id, state, attempts, generation,
                         error, claimed_at, lease_until)
VALUES (%(key)s, %(automation)s, %(subject)s, %(customer)s, %(undoes)s, %(proposal)s, 'claimed', 1, 0, '',
        %(now)s, %(lease)s)
ON CONFLICT (key) DO UPDATE
   SET state = 'claimed', attempts = runs_effect.attempts + 1, claimed_at = excluded.claimed_at,
       lease_until = excluded.lease_until, due_at = NULL, proposal_id = excluded.proposal_id,
       generation = runs_effect.generation + (runs_effect.state <> 'waiting')::int
 WHERE (runs_effect.state = 'waiting' AND runs_effect.due_at <= %(now)s)
    OR (runs_effect.state IN ('refused', 'dead') AND runs_effect.finished_at <= %(reviewed)s)
RETURNING generation, attempts
"""


def step_rows(wanted: Sequence[Wanted]) -> str:
    """The steps as one JSON array. One document is read by PostgreSQL several times faster than arrays of
    quoted documents are written by the driver."""
    return to_json(
        [
            {
                "key": w.key,
                "subject_id": w.subject_id,
                "customer_id": w.customer_id,
                "reason": w.decision.reason,
                "facts": w.facts,
                "decision": w.decision,
                "verdict": w.decision.verdict,
            }
            for w in wanted
        ]
    )


def claim(
    run_id: int, automation: str, wanted: Sequence[Wanted], limits: Limits, *, now: datetime, lease: timedelta
) -> tuple[list[Claim], str, int]:
    """Claims what nobody has claimed or done yet and what still fits the limits. Returns the claims, the
    sentence of the limit that was reached, and how many were left out because of it."""
    if not wanted:
        return [], "", 0
    with transaction.atomic(), connection.cursor() as cursor:
        fitting, reached, left_out = _fitting(cursor, automation, wanted, limits, now)
        if not fitting:
            return [], reached, left_out
        cursor.execute(
            _CLAIM,
            {
                "rows": step_rows(fitting),
                "automation": automation,
                "run": run_id,
                "now": now,
                "lease": now + lease,
            },
        )
        rows = {key: (generation, attempts) for key, generation, attempts in cursor.fetchall()}
        claims = [Claim(w, *rows[w.key], claimed_at=now) for w in fitting if w.key in rows]
        _use(cursor, automation, [c.wanted for c in claims], limits, now)
    return claims, reached, left_out


def claim_one(
    automation: str,
    wanted: Wanted,
    *,
    now: datetime,
    lease: timedelta,
    proposal_id: UUID | None = None,
    undoes: str = "",
    reviewed_at: datetime | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> tuple[int, int] | None:
    """Claims a single effect outside a run (an approved proposal, an undo). Returns (generation, attempts),
    or None when it is done or in somebody's hands. One that was refused or given up before ``reviewed_at`` is
    taken up again, under a key that the vendor has not seen. What it uses of ``limits`` is counted, but the
    operator's own approval is not limited."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _CLAIM_ONE,
            {
                "key": wanted.key,
                "automation": automation,
                "subject": wanted.subject_id,
                "customer": wanted.customer_id,
                "undoes": undoes,
                "proposal": proposal_id,
                "now": now,
                "lease": now + lease,
                "reviewed": reviewed_at,
            },
        )
        row = cursor.fetchone()
        if row is not None:
            _use(cursor, automation, [wanted], limits, now)
    return (row[0], row[1]) if row else None


def _fitting(
    cursor: Any, automation: str, wanted: Sequence[Wanted], limits: Limits, now: datetime
) -> tuple[list[Wanted], str, int]:
    """What fits, the sentence of the limit that was reached, and how many are left out by it. What is done
    already or in somebody's hands takes no room and is not left out by a limit."""
    allowed = Allowed(limits.per_hour, limits.per_day, limits.money_minor_per_day)
    if allowed.unlimited:
        return list(wanted), "", 0
    hour = _hour(now)
    # The row lock of the day's first row makes the claims of one automation queue up, so that two
    # pages cannot both take the last place.
    cursor.execute(
        "INSERT INTO runs_hourly_use (automation, hour, actions, money_minor) VALUES (%s, %s, 0, 0)"
        " ON CONFLICT (automation, hour) DO UPDATE SET actions = runs_hourly_use.actions",
        [automation, hour.replace(hour=0)],
    )
    cursor.execute(
        "SELECT key FROM runs_effect WHERE key = ANY(%s) AND state <> 'waiting'", [[w.key for w in wanted]]
    )
    taken = {row[0] for row in cursor.fetchall()}
    open_wanted = [w for w in wanted if w.key not in taken]
    cursor.execute(
        "SELECT coalesce(sum(actions) FILTER (WHERE hour = %s), 0), coalesce(sum(actions), 0),"
        " coalesce(sum(money_minor), 0) FROM runs_hourly_use WHERE automation = %s AND hour >= %s AND hour <= %s",
        [hour, automation, hour.replace(hour=0), hour],
    )
    used = Used(*(int(value) for value in cursor.fetchone()))
    fits, reached = fit([w.decision.money_minor for w in open_wanted], used, allowed)
    fitting = [w for w, ok in zip(open_wanted, fits, strict=True) if ok]
    return fitting, reached, len(open_wanted) - len(fitting)


def _use(cursor: Any, automation: str, wanted: Sequence[Wanted], limits: Limits, now: datetime) -> None:
    if limits == Limits() or not wanted:
        return
    cursor.execute(
        "INSERT INTO runs_hourly_use (automation, hour, actions, money_minor) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (automation, hour) DO UPDATE SET actions = runs_hourly_use.actions + excluded.actions,"
        " money_minor = runs_hourly_use.money_minor + excluded.money_minor",
        [automation, _hour(now), len(wanted), sum(w.decision.money_minor for w in wanted)],
    )


def give_back(automation: str, limits: Limits, claims: Sequence[Claim]) -> None:
    """What was claimed and certainly not done uses up nothing; the next try counts again."""
    for claim in claims:
        if limits == Limits() or claim.claimed_at is None:
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE runs_hourly_use SET actions = greatest(actions - 1, 0),"
                " money_minor = greatest(money_minor - %s, 0) WHERE automation = %s AND hour = %s",
                [claim.wanted.decision.money_minor, automation, _hour(claim.claimed_at)],
            )


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
