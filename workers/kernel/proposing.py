"""Steps that touch nothing, and proposals that wait for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from django.db import connection, transaction

from apps.runs.models import Effect, Proposal, ProposalStatus
from workers.kernel.automation import Automation
from workers.kernel.claims import Wanted, step_rows
from workers.kernel.codec import to_json
from workers.kernel.deciding import Sorted

_STEPS = """
INSERT INTO runs_step (run_id, subject_id, customer_id, verdict, reason, facts, decision, effect_key, decided_at)
SELECT %(run)s, w.subject_id, w.customer_id, w.verdict, w.reason, w.facts, w.decision, w.key, %(now)s
  FROM json_to_recordset(%(rows)s) AS w(key text, subject_id bigint, customer_id bigint, reason text,
                                        facts jsonb, decision jsonb, verdict text)
ON CONFLICT (run_id, subject_id, effect_key) DO UPDATE
   SET facts = excluded.facts, decision = excluded.decision, reason = excluded.reason, verdict = excluded.verdict,
       decided_at = excluded.decided_at
RETURNING id, subject_id
"""


class SkipCounts(Protocol):
    asked: int

    def skip(self, reason: str, how_many: int = 1) -> None: ...


def insert_steps(run_id: int, wanted: Sequence[Wanted], *, now: datetime) -> dict[int, int]:
    """Returns step ids by subject."""
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"rows": step_rows(wanted), "run": run_id, "now": now})
        return {subject: step for step, subject in cursor.fetchall()}


def record_steps(run_id: int, decided: Sorted, counts: SkipCounts, *, now: datetime) -> int:
    """Shadow and dry run: what would have been done, without what has been done already. Returns how many
    would have been acted upon."""
    keys = [w.key for w in decided.acts] + [w.key for w, _ in decided.asks]
    taken = _taken(keys)
    acts = [w for w in decided.acts if w.key not in taken]
    asks = [w for w, _ in decided.asks if w.key not in taken]
    insert_steps(run_id, acts + asks, now=now)
    counts.skip("already done or in hand", len(keys) - len(acts) - len(asks))
    counts.asked = len(asks)
    return len(acts)


def _taken(keys: Sequence[str]) -> set[str]:
    done = Effect.objects.filter(key__in=keys).exclude(state="waiting").values_list("key", flat=True)
    asked = (
        Proposal.objects.filter(effect_key__in=keys)
        .exclude(status=ProposalStatus.EXPIRED)
        .values_list("effect_key", flat=True)
    )
    return set(done) | set(asked)


def hold_back_answered(decided: Sorted) -> None:
    """What waits for the operator, or was rejected by him, is not done behind his back because the
    rule has grown more confident since."""
    judged = [w.key for w in decided.acts if w.decision.judged]
    if not judged:
        return
    answered = set(
        Proposal.objects.filter(effect_key__in=judged)
        .exclude(status__in=[ProposalStatus.EXPIRED, ProposalStatus.FAILED])
        .values_list("effect_key", flat=True)
    )
    if answered:
        decided.skips["waits for the operator, or answered by him"] += len(answered)
        decided.acts = [w for w in decided.acts if w.key not in answered]


def propose(
    run_id: int,
    automation: Automation[Any],
    asks: Sequence[tuple[Wanted, str]],
    counts: SkipCounts,
    *,
    now: datetime,
) -> int:
    """Files proposals, one for each effect: what waits already, was rejected or done is not asked again."""
    if not asks:
        return 0
    with transaction.atomic():
        taken = _taken([w.key for w, _ in asks])
        fresh = [(w, why) for w, why in asks if w.key not in taken]
        steps = insert_steps(run_id, [w for w, _ in fresh], now=now)
        created = Proposal.objects.bulk_create(
            [_proposal(automation, w, why, steps[w.subject_id], now) for w, why in fresh],
            ignore_conflicts=True,
        )
    counts.skip("already asked, answered or done", len(asks) - len(created))
    return len(created)


def _proposal(automation: Automation[Any], wanted: Wanted, why: str, step_id: int, now: datetime) -> Proposal:
    decision = wanted.decision
    return Proposal(
        automation=automation.name,
        change_type=automation.change_type,
        effect_key=wanted.key,
        subject_id=wanted.subject_id,
        customer_id=wanted.customer_id,
        step_id=step_id,
        title=(decision.title or decision.reason)[:300],
        reason=decision.reason,
        waits_because=why,
        evidence=_plain(decision.evidence),
        expected=decision.expected,
        way_back=decision.way_back,
        confidence_score=decision.confidence,
        risk_score=decision.risk,
        facts=_plain(wanted.facts),
        decision=_plain(decision),
        params=_plain(decision.params),
        created_at=now,
    )


def _plain(value: Any) -> Any:
    """The same JSON that the steps hold, as Python objects."""
    return msgspec.json.decode(to_json(value))
