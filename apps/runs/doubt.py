"""The operator's answers about effects in trouble: it was done, it was not done, try again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.runs.actions import log_operator_change
from apps.runs.models import Effect, EffectState, Proposal, ProposalStatus
from apps.runs.wake import announce

TROUBLED = (EffectState.DOUBT, EffectState.UNKNOWN, EffectState.DEAD, EffectState.REFUSED)


def _locked(key: str, states: tuple[EffectState, ...]) -> Effect:
    effect = Effect.objects.select_for_update().filter(key=key).first()
    if effect is None:
        raise ValueError(f"There is no effect {key!r}.")
    if effect.state not in states:
        raise ValueError(f"{key} is {effect.state}; nothing to settle.")
    return effect


@transaction.atomic
def replay_effect(key: str, by: str, now: datetime) -> None:
    """Tries again, under the same key, what ended in trouble. Raises ValueError with a sentence."""
    effect = _locked(key, TROUBLED)
    effect.state, effect.due_at, effect.attempts, effect.lease_until = EffectState.DOUBT, now, 0, now
    effect.error = f"{by} asked to try again. {effect.error}".strip()
    effect.save(update_fields=["state", "due_at", "attempts", "lease_until", "error"])
    log_operator_change("replay_effect", f"Try again: {key}", by, now, way_back="")
    announce(effect.automation, "effect", key)


@transaction.atomic
def settle_doubt(key: str, done: bool, by: str, now: datetime, note: str = "") -> None:
    """The operator has looked: it was done (closed as done) or it was not (freed under a new vendor key)."""
    effect = _locked(key, (EffectState.DOUBT, EffectState.UNKNOWN))
    if done:
        effect.state, effect.finished_at = EffectState.DONE, now
        effect.receipt = {"settled_by": by, "note": note}
        effect.save(update_fields=["state", "finished_at", "receipt"])
        if effect.proposal_id:
            Proposal.objects.filter(id=effect.proposal_id).update(
                status=ProposalStatus.APPLIED, executed_at=now
            )
    else:
        effect.state, effect.due_at, effect.generation = EffectState.WAITING, now, effect.generation + 1
        effect.attempts = 0
        effect.save(update_fields=["state", "due_at", "generation", "attempts"])
        if effect.proposal_id:
            Proposal.objects.filter(id=effect.proposal_id).update(
                status=ProposalStatus.APPROVED, lease_until=None
            )
        announce(effect.automation, "wake", "")
    answer = "was done" if done else "was not done"
    log_operator_change("settle_doubt", f"{key} {answer}. {note}".strip(), by, now, way_back="")
