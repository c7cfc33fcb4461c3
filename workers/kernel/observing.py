"""Outcomes: an applied change is measured, teaches the confidence of its kind, and is undone when it did harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from apps.runs.models import Effect, Observation, ObservationState
from workers.kernel.automation import Automation, Outcome, OutcomeState
from workers.kernel.claims import Claim, Receipt, claim_one
from workers.kernel.closing import cool_down
from workers.kernel.engine import Engine
from workers.kernel.gate import gate
from workers.kernel.janitor import stored_wanted, undo_claim
from workers.kernel.logbook import write_log
from workers.kernel.performing import perform
from workers.ports import OutsideError

log = structlog.get_logger(__name__)

UNREACHABLE = "unreachable"

_TAKE = """
UPDATE runs_observation SET looks = looks + 1, due_at = %(now)s::timestamptz + make_interval(secs => %(every)s)
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
    if watch is None or not gate(automation.name, automation.switch, now=now).live:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"id": observation_id, "now": now, "every": watch.every.total_seconds()})
        if cursor.fetchone() is None:
            return ""
    effect = Effect.objects.get(key=observation.effect_key)
    wanted = stored_wanted(automation, effect)
    if wanted is None:
        outcome = Outcome(OutcomeState.INCONCLUSIVE, "its facts are no longer kept")
        watched = None
    else:
        watched = Watched(automation, observation, Claim(wanted, 0, 1), effect.receipt)
        outcome = _measure(engine, watched, now)
    if (
        outcome.state is OutcomeState.INCONCLUSIVE
        and watched is not None
        and now < _patience(observation, outcome)
    ):
        Observation.objects.filter(id=observation_id).update(
            note=outcome.note, evidence=dict(outcome.evidence)
        )
        return ObservationState.WATCHING
    if outcome.state is OutcomeState.WORSE and watched is not None and not _undo(engine, watched, now):
        return ObservationState.WATCHING
    return _conclude(observation, watched, outcome, engine.now())


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


def _undo(engine: Engine, watched: Watched, now: datetime) -> bool:
    """Takes the change back as an effect of its own; False while that has not succeeded yet."""
    automation, key = watched.automation, watched.observation.effect_key
    shape = undo_claim(automation, key, 1, 0)
    if shape is None:
        return True
    taken = claim_one(automation.name, shape.wanted, now=now, lease=automation.timeout, undoes=key)
    if taken is not None:
        claim = undo_claim(automation, key, taken[1], taken[0])
        if claim is not None:
            perform(engine, automation, [claim])
    state = Effect.objects.filter(key=shape.wanted.key).values_list("state", flat=True).first()
    return state in ("done", "refused", "dead")


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
