"""Effects in doubt: claimed by somebody who never came back, or whose call ended without an answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import QuerySet

from apps.runs.actions import raise_alert, resolve_alerts
from apps.runs.models import Effect, Proposal, ProposalStatus, Step
from apps.runs.wake import announce
from workers.kernel.approving import wanted_of
from workers.kernel.automation import Automation, InDoubt
from workers.kernel.claims import Claim, Receipt, Wanted
from workers.kernel.closing import ask_human, close_done, close_failed, describe
from workers.kernel.codec import decision_from, from_plain
from workers.kernel.deciding import MAX_KEY
from workers.kernel.engine import Engine
from workers.kernel.gate import gate
from workers.kernel.performing import call
from workers.ports import Unavailable, Unknown

log = structlog.get_logger(__name__)

# So many tries under the same key before the provider is asked what it knows.
REPEATS_BEFORE_LOOKING = 3
# The provider is asked again after five minutes, an hour, then daily: some payments settle late.
ASK_AGAIN = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))

_DUE = """
SELECT key FROM runs_effect
 WHERE automation = %(automation)s
   AND ((state = 'claimed' AND lease_until < %(now)s) OR (state = 'doubt' AND due_at <= %(now)s))
 ORDER BY claimed_at, key LIMIT 5000
"""

# What the operator asked for is one try: it is used up here, before the call, so that one whose end nobody
# knows is not made again by it.
_TAKE = """
WITH due AS (
    SELECT key, replayed_by FROM runs_effect
     WHERE key = %(key)s
       AND ((state = 'claimed' AND lease_until < %(now)s) OR (state = 'doubt' AND due_at <= %(now)s))
       FOR UPDATE
)
UPDATE runs_effect e
   SET state = 'claimed', attempts = least(e.attempts + 1, 30000), due_at = NULL, replayed_by = '',
       lease_until = %(now)s::timestamptz + make_interval(secs => %(lease)s)
  FROM due WHERE e.key = due.key
RETURNING due.replayed_by
"""


def settle_all(engine: Engine, name: str) -> int:
    """Settles what is in doubt of one automation, for as long as a page may take; returns how many it took
    in hand. Two at once share the work, as each effect is taken by compare-and-set."""
    automation = engine.registry.automation(name)
    began, taken = engine.now(), 0
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"automation": name, "now": began})
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        if engine.now() - began >= automation.timeout / 2:
            break  # the next tick asks again
        taken += bool(settle(engine, key))
    return taken


def settle(engine: Engine, key: str) -> str:
    """Settles one effect in doubt by the automation's rule. Returns its state afterwards, '' when it was
    not ours to take."""
    now = engine.now()
    name = Effect.objects.filter(key=key).values_list("automation", flat=True).first()
    if name is None or name not in engine.registry:
        return ""
    automation = engine.registry.automation(name)
    if not gate(automation.name, automation.switch, now=now).may_finish:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "now": now, "lease": automation.timeout.total_seconds()})
        row = cursor.fetchone()
    if row is None:
        return ""
    effect = Effect.objects.get(key=key)
    effect.replayed_by = row[0]
    try:
        claim = claim_of(automation, effect)
        if claim is None:
            return _leave_to_human(effect, "its facts are no longer kept; say whether it was done", now)
        return _settle(engine, automation, claim, effect, now)
    except Exception as problem:
        # A row that cannot be settled must neither come back at every tick nor stop the others.
        log.exception("settling_failed", automation=automation.name, key=key)
        return _leave_to_human(effect, describe(problem), engine.now())


def _settle(engine: Engine, automation: Automation[Any], claim: Claim, effect: Effect, now: datetime) -> str:
    if effect.receipt is not None:
        return _book(engine, automation, claim, effect.receipt)  # it was done; only the booking had failed
    if claim.proposal_id and not _still_approved(claim.proposal_id):
        return _look_up(engine, automation, claim, now)
    if claim.replayed_by:
        return _repeat(engine, automation, claim)
    rule = automation.in_doubt_rule(claim.wanted.facts)
    within = automation.repeat_within is None or now - effect.claimed_at < automation.repeat_within
    if rule is InDoubt.LEAVE:
        return close_failed(
            automation, claim, Unknown("nobody can tell whether it left; not repeated by rule"), now=now
        )
    if rule is InDoubt.REPEAT and within:
        if claim.attempts > REPEATS_BEFORE_LOOKING and (known := _known_by_now(engine, automation, claim)):
            return known
        return _repeat(engine, automation, claim)
    return _look_up(engine, automation, claim, now)


def _repeat(engine: Engine, automation: Automation[Any], claim: Claim) -> str:
    """The same call under the same key, with the facts it was first made with."""
    try:
        receipt = call(engine, automation, claim)
    except Exception as problem:  # noqa: BLE001 - also a defect of ours ends in a known state
        log.warning("repeat_failed", automation=automation.name, key=claim.wanted.key, error=str(problem))
        return close_failed(automation, claim, problem, now=engine.now())
    return _book(engine, automation, claim, receipt)


def _still_approved(proposal_id: UUID) -> bool:
    """An approval that was taken back while the effect was in doubt is not carried out any more; it is only
    asked whether it was."""
    wanted = (ProposalStatus.APPROVED, ProposalStatus.APPLYING, ProposalStatus.FAILED)
    return Proposal.objects.filter(id=proposal_id, status__in=wanted).exists()


def _known_by_now(engine: Engine, automation: Automation[Any], claim: Claim) -> str:
    """Providers replay a stored 500 for as long as they keep the key; then only looking helps. '' when the
    provider cannot tell either."""
    try:
        receipt = automation.look_up(engine.effects, claim.wanted.facts, key=claim.vendor_key)
    except (Unknown, Unavailable):
        return ""
    return (
        _free(automation, claim, engine.now())
        if receipt is None
        else _book(engine, automation, claim, receipt)
    )


def _look_up(engine: Engine, automation: Automation[Any], claim: Claim, now: datetime) -> str:
    key = claim.wanted.key
    try:
        receipt = automation.look_up(engine.effects, claim.wanted.facts, key=claim.vendor_key)
    except (Unknown, Unavailable) as problem:
        if isinstance(problem, Unknown):
            ask_human(automation, claim, str(problem), now=now)
        again = ASK_AGAIN[min(claim.attempts, len(ASK_AGAIN)) - 1]
        return _put_aside(key, claim.generation, claim.attempts, str(problem), now + again)
    if receipt is not None:
        return _book(engine, automation, claim, receipt)
    return _free(automation, claim, now)


def _free(automation: Automation[Any], claim: Claim, now: datetime) -> str:
    """Certainly never done: open again, under a key that the vendor has not seen."""
    _ours(claim.wanted.key, claim.generation, claim.attempts).update(
        state="waiting",
        due_at=now,
        generation=claim.generation + 1,
        attempts=0,
        error="the provider says it never happened",
    )
    announce(automation.name, "wake", "")
    return "waiting"


def _book(engine: Engine, automation: Automation[Any], claim: Claim, receipt: Any) -> str:
    closed = close_done(automation, [Receipt(claim, receipt)], now=engine.now())
    if closed:
        resolve_alerts(f"doubt:{claim.wanted.key}", "settled", engine.now())
    return "done" if closed else "claimed"


def _leave_to_human(effect: Effect, error: str, now: datetime) -> str:
    raise_alert(
        "effect_in_doubt",
        f"doubt:{effect.key}",
        f"{effect.automation}: an effect could not be settled",
        f"{effect.key}: {error}. Say on the effect's page whether it was done.",
        "high",
        now,
    )
    return _put_aside(effect.key, effect.generation, effect.attempts, error, now + ASK_AGAIN[-1])


def _put_aside(key: str, generation: int, attempts: int, error: str, due_at: datetime) -> str:
    _ours(key, generation, attempts).update(state="doubt", due_at=due_at, error=error)
    return "doubt"


def _ours(key: str, generation: int, attempts: int) -> QuerySet[Effect]:
    """The effect, unless the lease ran out while the provider was asked and somebody else has it now."""
    return Effect.objects.filter(key=key, state="claimed", generation=generation, attempts=attempts)


def claim_of(automation: Automation[Any], effect: Effect) -> Claim | None:
    """The effect with exactly the facts and decision it was claimed with: a provider refuses a key that
    comes back with other parameters. None when they are not kept any more."""
    if effect.undoes:
        undo = undo_claim(automation, effect.undoes, effect.attempts, effect.generation)
        return None if undo is None else replace(undo, in_doubt=True, replayed_by=effect.replayed_by)
    wanted = stored_wanted(automation, effect)
    if wanted is None:
        return None
    approved_by = "rule"
    if effect.proposal_id is not None:
        approved_by = Proposal.objects.get(id=effect.proposal_id).reviewed_by or "unknown"
    return Claim(
        wanted,
        effect.generation,
        effect.attempts,
        effect.proposal_id,
        approved_by=effect.replayed_by or approved_by,
        in_doubt=True,
        replayed_by=effect.replayed_by,
    )


def stored_wanted(automation: Automation[Any], effect: Effect) -> Wanted | None:
    if effect.proposal_id is not None:
        return wanted_of(automation, Proposal.objects.get(id=effect.proposal_id))
    step = Step.objects.filter(effect_key=effect.key, run__mode="live").order_by("-id").first()
    if step is None:
        return None
    facts = from_plain(step.facts, automation.facts_type())
    return Wanted(effect.key, facts, decision_from(step.decision), effect.subject_id, effect.customer_id)


def undo_key(key: str) -> str:
    """One undo for one effect; a key too long for the prefix is told apart by its digest."""
    undo = f"undo:{key}"
    if len(undo) <= MAX_KEY:
        return undo
    return f"{undo[: MAX_KEY - 33]}:{sha256(key.encode()).hexdigest()[:32]}"


def undo_claim(automation: Automation[Any], undone_key: str, attempts: int, generation: int) -> Claim | None:
    """The claim that takes back the effect ``undone_key``."""
    undone = Effect.objects.get(key=undone_key)
    original = stored_wanted(automation, undone)
    if original is None:
        return None
    wanted = Wanted(
        undo_key(undone_key), original.facts, original.decision, original.subject_id, original.customer_id
    )
    return Claim(wanted, generation, attempts, undoes=undone_key, receipt=undone.receipt, approved_by="rule")
