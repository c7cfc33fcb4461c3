"""Outcomes: an applied change is measured, teaches the confidence of its kind, and is undone when it did harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from apps.runs.actions import raise_alert
from apps.runs.models import Effect, EffectState, Observation, ObservationState
from workers.kernel.automation import Automation, Outcome, OutcomeState
from workers.kernel.claims import Claim, Receipt, claim_one
from workers.kernel.closing import cool_down, describe
from workers.kernel.engine import Engine
from workers.kernel.gate import gate
from workers.kernel.janitor import stored_wanted, undo_claim, undo_key
from workers.kernel.logbook import write_log
from workers.kernel.performing import perform
from workers.ports import OutsideError

log = structlog.get_logger(__name__)

UNREACHABLE = "unreachable"

_TAKE = """
UPDATE runs_observation SET looks = looks + 1, due_at = %(now)s::timestamptz + make_interval(secs => %(lease)s)
 WHERE id = %(id)s AND state = 'watching' AND due_at <= %(now)s RETURNING id
"""

_LEARN = """
INSERT INTO runs_confidence (change_type, successes, failures, prior_successes, prior_failures, updated_at)
VALUES (%(type)s, %(successes)s, %(failures)s, %(prior_successes)s, %(prior_failures)s, %(now)s)
ON CONFLICT (change_type) DO UPDATE
   SET successes = runs_confidence.successes + excluded.successes,
       failures = runs_confidence.failures + excluded.failures,
       prior_successes = excluded.prior_successes, prior_failures = excluded.prior_failures,
       updated_at = excluded.updated_at
"""

_STATES = {
    OutcomeState.SUCCESS: ObservationState.SUCCESS,
    OutcomeState.FAILURE: ObservationState.FAILURE,
    OutcomeState.WORSE: ObservationState.ROLLED_BACK,
    OutcomeState.INCONCLUSIVE: ObservationState.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Watched:
    automation: Automation[Any]
    observation: Observation
    claim: Claim
    receipt: Any


def observe(engine: Engine, observation_id: int) -> str:
    """Looks at one applied change if it is due. Returns the observation's state, '' when it was not ours."""
    now = engine.now()
    observation = Observation.objects.filter(id=observation_id).first()
    if observation is None or observation.automation not in engine.registry:
        return ""
    automation = engine.registry.automation(observation.automation)
    watch = automation.watch
    if watch is None or not gate(automation.name, automation.switch, now=now).may_finish:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"id": observation_id, "now": now, "lease": automation.timeout.total_seconds()})
        if cursor.fetchone() is None:
            return ""
    effect = Effect.objects.get(key=observation.effect_key)
    wanted = stored_wanted(automation, effect)
    if wanted is None:
        outcome = Outcome(OutcomeState.INCONCLUSIVE, "its facts are no longer kept")
        watched = None
    else:
        watched = Watched(automation, observation, Claim(wanted, 0, 1), effect.receipt)
        outcome = _undone_before(watched) or _measure(engine, watched, now)
    if (
        outcome.state is OutcomeState.INCONCLUSIVE
        and watched is not None
        and now < _patience(observation, outcome)
    ):
        return _look_again(observation, outcome, now + watch.every)
    if outcome.state is OutcomeState.WORSE and watched is not None:
        undone = _undo(engine, watched, now)
        if undone is None:
            return _look_again(observation, outcome, now + min(watch.every, automation.retry.first))
        if not undone:
            outcome = _not_undone(watched, outcome, engine.now())
    return _conclude(observation, watched, outcome, engine.now())


def _look_again(observation: Observation, outcome: Outcome, due_at: datetime) -> str:
    Observation.objects.filter(id=observation.id).update(
        note=outcome.note, evidence=dict(outcome.evidence), due_at=due_at
    )
    return ObservationState.WATCHING


def _undone_before(watched: Watched) -> Outcome | None:
    """A change that was undone meanwhile (the janitor settled its undo) is not measured any more: without it
    everything looks fine again."""
    state = _undo_state(watched)
    if state == EffectState.DONE:
        return Outcome(OutcomeState.WORSE, watched.observation.note or "it was undone")
    return None


def _undo_state(watched: Watched) -> str | None:
    key = undo_key(watched.observation.effect_key)
    return Effect.objects.filter(key=key).values_list("state", flat=True).first()


def _not_undone(watched: Watched, outcome: Outcome, now: datetime) -> Outcome:
    """Harm that could not be taken back is the operator's matter, at once."""
    key = watched.observation.effect_key
    raise_alert(
        "rollback_failed",
        f"rollback:{key}",
        f"{watched.automation.name}: a harmful change could not be undone",
        f"{watched.claim.wanted.decision.title or key}: {outcome.note}."
        f" By hand: {watched.claim.wanted.decision.way_back or 'see the effect'}",
        "critical",
        now,
    )
    return Outcome(OutcomeState.FAILURE, f"{outcome.note}; it could not be undone", outcome.evidence)


def _patience(observation: Observation, outcome: Outcome) -> datetime:
    """A window ends when it ends; one whose last looks found nobody to ask is held open as long again."""
    window = observation.until - observation.applied_at
    return observation.until + window if UNREACHABLE in outcome.evidence else observation.until


def _measure(engine: Engine, watched: Watched, now: datetime) -> Outcome:
    try:
        return watched.automation.measure(
            engine.sources, watched.claim.wanted.facts, watched.receipt, now=now
        )
    except OutsideError as problem:
        return Outcome(OutcomeState.INCONCLUSIVE, f"could not be measured: {problem}", {UNREACHABLE: True})
    except Exception as problem:
        log.exception("measure_failed", automation=watched.automation.name)
        return Outcome(OutcomeState.INCONCLUSIVE, f"could not be measured: {describe(problem)}")


def _undo(engine: Engine, watched: Watched, now: datetime) -> bool | None:
    """Takes the change back as an effect of its own. None while it is not known how that ends."""
    automation, key = watched.automation, watched.observation.effect_key
    shape = undo_claim(automation, key, 1, 0)
    if shape is None:
        return False
    taken = claim_one(automation.name, shape.wanted, now=now, lease=automation.timeout, undoes=key)
    if taken is not None:
        claim = undo_claim(automation, key, taken[1], taken[0])
        if claim is not None:
            perform(engine, automation, [claim])
    state = _undo_state(watched)
    if state in (EffectState.REFUSED, EffectState.DEAD, EffectState.UNKNOWN):
        return False
    return True if state == EffectState.DONE else None


@transaction.atomic
def _conclude(observation: Observation, watched: Watched | None, outcome: Outcome, now: datetime) -> str:
    state = _STATES[outcome.state]
    closed = Observation.objects.filter(id=observation.id, state=ObservationState.WATCHING).update(
        state=state, note=outcome.note, evidence=dict(outcome.evidence), decided_at=now
    )
    if not closed or watched is None:
        return state
    success = {OutcomeState.SUCCESS: True, OutcomeState.INCONCLUSIVE: None}.get(outcome.state, False)
    automation = watched.automation
    with connection.cursor() as cursor:
        if success is not None:
            cursor.execute(
                _LEARN,
                {
                    "type": automation.change_type,
                    "successes": int(success),
                    "failures": int(not success),
                    "prior_successes": automation.prior.successes,
                    "prior_failures": automation.prior.failures,
                    "now": now,
                },
            )
        entry = Receipt(watched.claim, {"outcome": outcome.state.value, "note": outcome.note})
        write_log(cursor, automation, f"outcome:{automation.change_type}", [entry], success=success, now=now)
    if success is False:
        cool_down(automation, now=now)
    return state
