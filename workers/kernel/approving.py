"""Applying approved proposals: the same ``act`` under the same key, whoever approved and however."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from apps.core.decision import Decision
from apps.core.types import Json
from apps.runs.models import Effect, EffectState, Proposal, ProposalStatus
from workers.kernel.automation import Automation
from workers.kernel.claims import Claim, Wanted, claim_one
from workers.kernel.codec import decision_from, from_plain
from workers.kernel.engine import Engine
from workers.kernel.gate import gate
from workers.kernel.performing import perform

_TAKE = """
UPDATE optimization_queue
   SET status = 'applying', attempts = attempts + 1,
       lease_until = %(now)s::timestamptz + make_interval(secs => %(lease)s)
 WHERE id = %(id)s AND (lease_until IS NULL OR lease_until < %(now)s) AND status IN ('approved', 'applying')
RETURNING id
"""


def apply_approved(engine: Engine, proposal_id: UUID) -> str:
    """Applies one approved proposal if it is nobody's yet. Returns its status afterwards, '' when it was
    not ours to take."""
    now = engine.now()
    name = Proposal.objects.filter(id=proposal_id).values_list("automation", flat=True).first()
    if name is None or name not in engine.registry:
        return ""
    automation = engine.registry.automation(name)
    if not gate(name, automation.switch, now=now).may_finish:
        return ""  # stays approved, and is applied when the automation is live again
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"id": proposal_id, "now": now, "lease": automation.timeout.total_seconds()})
        if cursor.fetchone() is None:
            return ""
    proposal = Proposal.objects.get(id=proposal_id)
    try:
        wanted = wanted_of(automation, proposal)
    except ValueError as problem:
        _close(proposal_id, ProposalStatus.FAILED, str(problem), now)
        return ProposalStatus.FAILED
    claimed = claim_one(
        name,
        wanted,
        now=now,
        lease=automation.timeout,
        proposal_id=proposal_id,
        reviewed_at=proposal.reviewed_at,
        limits=automation.limits,
    )
    if claimed is None:
        return _answer_for_taken(proposal, now)
    approved_by = proposal.reviewed_by or "unknown"
    claim = Claim(wanted, *claimed, proposal_id=proposal_id, approved_by=approved_by, claimed_at=now)
    perform(engine, automation, [claim])
    return _after(proposal_id, now, automation.retry.first)


def wanted_of(automation: Automation[Any], proposal: Proposal) -> Wanted:
    """The stored facts and decision, with what the operator edited. Raises ValueError for an edit that the
    automation does not accept, or facts whose shape has changed since."""
    facts = from_plain(proposal.facts, automation.facts_type())
    decision: Decision = decision_from(proposal.decision)
    params: dict[str, Json] = dict(decision.params)
    for field in automation.editable:
        given = proposal.params.get(field.name)
        if given != params.get(field.name):
            params[field.name] = field.parse(str(given))
    return Wanted(
        proposal.effect_key,
        facts,
        replace(decision, params=params),
        proposal.subject_id,
        proposal.customer_id,
    )


def _answer_for_taken(proposal: Proposal, now: datetime) -> str:
    effect = Effect.objects.get(key=proposal.effect_key)
    if effect.state == EffectState.DONE:
        return _close(proposal.id, ProposalStatus.APPLIED, "had been done already", now)
    if effect.state in (EffectState.CLAIMED, EffectState.DOUBT, EffectState.WAITING):
        Effect.objects.filter(key=effect.key, proposal_id=None).update(proposal_id=proposal.id)
        return _after(proposal.id, now, timedelta(minutes=1))
    return _close(proposal.id, ProposalStatus.FAILED, effect.error or effect.state, now)


def _close(ident: UUID, status: ProposalStatus, result: str, now: datetime) -> str:
    Proposal.objects.filter(id=ident).update(status=status, result=result, executed_at=now, lease_until=None)
    return status


@transaction.atomic
def _after(ident: UUID, now: datetime, pause: timedelta) -> str:
    """An effect that waits or is in doubt leaves its proposal approved, to be looked at again."""
    proposal = Proposal.objects.select_for_update().get(id=ident)
    if proposal.status == ProposalStatus.APPLYING:
        effect = Effect.objects.filter(key=proposal.effect_key).first()
        due = effect.due_at if effect is not None and effect.due_at is not None else now + pause
        proposal.status, proposal.lease_until = ProposalStatus.APPROVED, due
        proposal.result = effect.error if effect is not None else ""
        proposal.save(update_fields=["status", "lease_until", "result"])
    return proposal.status
