"""The operator's answers about effects in trouble: it was done, it was not done, try again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from apps.runs.actions import log_operator_change, resolve_alerts
from apps.runs.models import Effect, EffectState, Proposal, ProposalStatus
from apps.runs.wake import announce

UNDECIDED = (ProposalStatus.APPROVED, ProposalStatus.APPLYING, ProposalStatus.FAILED)
TROUBLED = (EffectState.DOUBT, EffectState.UNKNOWN, EffectState.DEAD, EffectState.REFUSED)


def _locked(key: str, states: tuple[EffectState, ...]) -> Effect:
    effect = Effect.objects.select_for_update().filter(key=key).first()
    if effect is None:
        raise ValueError(f"There is no effect {key!r}.")
    if effect.state not in states:
        raise ValueError(f"{key} is {effect.state}; nothing to settle.")
    return effect


def _proposal(effect: Effect, *states: ProposalStatus) -> QuerySet[Proposal]:
    """The effect's proposal where it is in one of ``states``; what was rejected meanwhile stays so."""
    if effect.proposal_id is None:
        return Proposal.objects.none()
    return Proposal.objects.filter(id=effect.proposal_id, status__in=states)


def _free(effect: Effect, now: datetime) -> None:
    """Certainly not done: open again under a new vendor key. The tick closes it where its approval was taken
    back meanwhile."""
    effect.generation += 1
    effect.attempts, effect.receipt, effect.replayed_by = 0, None, ""
    effect.state, effect.due_at, effect.finished_at = EffectState.WAITING, now, None
    effect.save()
    _proposal(effect, *UNDECIDED).update(status=ProposalStatus.APPROVED, lease_until=None)
    announce(effect.automation, "wake", "")


@transaction.atomic
def replay_effect(key: str, by: str, now: datetime) -> None:
    """Tries again what ended in trouble, with the facts it was decided from and whatever the rule in doubt.
    What was certainly not done gets a key that the vendor has not seen, since he may replay his refusal under
    the old one. Raises ValueError with a sentence."""
    effect = _locked(key, TROUBLED)
    if effect.state in (EffectState.REFUSED, EffectState.DEAD):
        effect.generation += 1
        effect.claimed_at = now
        effect.receipt = None
    effect.state, effect.due_at, effect.attempts, effect.lease_until = EffectState.DOUBT, now, 0, now
    effect.replayed_by, effect.finished_at = by, None
    effect.error = f"{by} asked to try again. {effect.error}".strip()
    effect.save()
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
        _proposal(effect, *UNDECIDED).update(status=ProposalStatus.APPLIED, executed_at=now)
    else:
        _free(effect, now)
    answer = "was done" if done else "was not done"
    resolve_alerts(f"doubt:{key}", by, now)
    log_operator_change("settle_doubt", f"{key} {answer}. {note}".strip(), by, now, way_back="")
