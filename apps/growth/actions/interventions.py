"""Opening and closing interventions, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from apps.growth.conf import call_url
from apps.growth.models import Arm, Intervention, InterventionState, Outcome
from apps.growth.policy.interventions import OPEN_FOR, AtRisk
from apps.growth.policy.wording import tip
from apps.messaging.actions import NewMail, queue_mail
from apps.runs.models import Effect


@dataclass(frozen=True, slots=True)
class Given:
    """One intervention that was carried out, or withheld on purpose. ``percent`` and ``months`` of a discount."""

    key: str
    facts: AtRisk
    cost_minor: int = 0
    percent: int = 0
    months: int = 0


@transaction.atomic
def record_discounts(given: Sequence[Given], now: datetime) -> None:
    """Opens the interventions and queues the mails that tell of them."""
    _open(given, Arm.TREATED, now)
    link = {"call_url": call_url()} if call_url() else {}
    queue_mail(
        [
            NewMail(
                template="win_back_discount",
                customer_id=one.facts.customer_id,
                to=one.facts.email,
                context={"percent": one.percent, "months": one.months, **link},
                dedupe_key=one.key,
                message_class="marketing",
                locale=one.facts.locale,
            )
            for one in given
            if one.facts.email
        ],
        now,
    )


@transaction.atomic
def record_mails(given: Sequence[Given], now: datetime) -> None:
    _open(given, Arm.TREATED, now)
    queue_mail(
        [
            NewMail(
                template="engagement_tips",
                customer_id=one.facts.customer_id,
                to=one.facts.email,
                context={"tip": found} if (found := tip(one.facts.factors)) else {},
                dedupe_key=one.key,
                message_class="marketing",
                locale=one.facts.locale,
            )
            for one in given
        ],
        now,
    )


@transaction.atomic
def record_left_alone(given: Sequence[Given], now: datetime) -> None:
    _open(given, Arm.HOLDOUT, now)


def record_not_given(refused: Sequence[tuple[str, AtRisk, str]], now: datetime) -> None:
    """(key, facts, error) of discounts that were refused for good: kept, so that the next try has its own key."""
    Intervention.objects.bulk_create(
        [
            _row(
                Given(key, facts),
                Arm.TREATED,
                now,
                state=InterventionState.CLOSED,
                outcome=Outcome.NOT_GIVEN,
                closed_at=now,
                note=error,
                randomised=False,
            )
            for key, facts, error in refused
        ],
        ignore_conflicts=True,
    )


def _open(given: Sequence[Given], arm: Arm, now: datetime) -> None:
    """What is open of these customers by now (a proposal was approved late) is closed first as replaced."""
    if not given:
        return
    keys = [one.key for one in given]
    # Refused before, approved again and given now: the note of the refusal makes room.
    Intervention.objects.filter(effect_key__in=keys, outcome=Outcome.NOT_GIVEN).delete()
    Intervention.objects.filter(
        customer_id__in=[one.facts.customer_id for one in given], state=InterventionState.OPEN
    ).exclude(effect_key__in=keys).update(
        state=InterventionState.CLOSED, outcome=Outcome.SUPERSEDED, closed_at=now
    )
    approved = set(
        Effect.objects.filter(key__in=keys, proposal_id__isnull=False).values_list("key", flat=True)
    )
    Intervention.objects.bulk_create(
        [_row(one, arm, now, randomised=one.key not in approved) for one in given], ignore_conflicts=True
    )


def _row(given: Given, arm: Arm, now: datetime, **fields: object) -> Intervention:
    facts = given.facts
    return Intervention(
        customer_id=facts.customer_id,
        kind=facts.kind,
        arm=arm,
        score_at_start=f"{facts.score:.2f}",
        factors=list(facts.factors),
        opened_at=now,
        closes_at=now + OPEN_FOR,
        cost_minor=given.cost_minor,
        monthly_minor=facts.monthly_minor,
        currency=facts.currency,
        effect_key=given.key,
        **fields,
    )


_CLOSE = """
UPDATE growth_intervention i
   SET state = 'closed', closed_at = %(now)s, score_at_end = h.score,
       outcome = CASE WHEN c.status = 'canceled' THEN 'canceled' ELSE 'kept' END
  FROM customers_customer c
  LEFT JOIN LATERAL (SELECT score FROM customer_health_scores
                      WHERE customer_id = c.id ORDER BY day DESC LIMIT 1) h ON true
 WHERE c.id = i.customer_id AND i.state = 'open' AND (i.closes_at <= %(now)s OR c.status = 'canceled')
RETURNING i.outcome
"""


def close_interventions(now: datetime) -> dict[str, int]:
    """Closes what has run its time, or whose customer left, with the outcome; returns how many of each."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"now": now})
        outcomes = [str(row[0]) for row in cursor.fetchall()]
    return {outcome: outcomes.count(outcome) for outcome in ("kept", "canceled")}
