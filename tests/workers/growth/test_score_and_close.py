"""growth.score_health and growth.close_interventions on the real kernel and database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core.modes import RunMode
from apps.customers.models import Customer, UsageDaily
from apps.growth.models import CustomerHealthScore, Intervention
from apps.messaging.models import OutboxMessage
from apps.runs.models import Run
from tests.workers.growth.world import DAY, NOW, customer, given, score, subscribe, the_intervention
from workers.gateways.scripted_payments import ScriptedPayments
from workers.growth.close_interventions import CloseInterventions
from workers.growth.keep_holdout import KeepHoldout
from workers.growth.offer_discount import OfferDiscount
from workers.growth.score_health import ScoreHealth
from workers.growth.send_engagement_mail import SendEngagementMail
from workers.kernel.testing import run_in, run_once, simulate

pytestmark = pytest.mark.django_db


def use(customer: Customer, now: int, before: int, logins: int = 0) -> None:
    """So many impressions in this and the last month, and log-ins on so many days of this one."""
    rows = [(5, "impression", now), (35, "impression", before), (61, "impression", 1)]
    rows += [(2 + number, "login", 1) for number in range(logins)]
    UsageDaily.objects.bulk_create(
        UsageDaily(customer=customer, day=(NOW - age * DAY).date(), kind=kind, quantity=quantity, events=1)
        for age, kind, quantity in rows
    )


def test_the_evening_scores_and_acts_by_itself(stripe: ScriptedPayments) -> None:
    leaving = customer()
    use(leaving, now=10, before=50_000, logins=1)
    subscribe(leaving, stripe)
    fine = customer(ident=500)
    use(fine, now=50_000, before=50_000, logins=12)
    simulation = simulate(
        [ScoreHealth, KeepHoldout, OfferDiscount, SendEngagementMail], now=NOW, payments=stripe
    )
    run = run_in(simulation, ScoreHealth.name)
    assert run.counts["scored"] == 2
    low = CustomerHealthScore.objects.get(customer=leaving)
    assert (low.level, low.day, low.calculated_at) == ("at_risk", NOW.date(), NOW)
    assert low.reasons[0]["code"] == "usage_fell"
    assert given(stripe) == [f"sub_{leaving.pk}"]
    assert OutboxMessage.objects.get().template == "win_back_discount"
    assert Run.objects.filter(automation=SendEngagementMail.name, trigger="wake").exists()


def test_a_rerun_and_a_redelivery_double_nothing(stripe: ScriptedPayments) -> None:
    use(customer(), now=10, before=50_000)
    run_once(ScoreHealth, now=NOW)
    run_once(ScoreHealth, now=NOW)
    run_once(ScoreHealth, now=NOW + timedelta(hours=1))
    assert CustomerHealthScore.objects.count() == 1


def test_a_dry_run_leaves_nothing(stripe: ScriptedPayments) -> None:
    use(customer(), now=10, before=50_000)
    run = run_once(ScoreHealth, now=NOW, mode=RunMode.DRY_RUN)
    assert (run.counts["scored"], CustomerHealthScore.objects.count()) == (1, 0)


def opened(customer: Customer, **fields: Any) -> Intervention:
    values = {
        "kind": "discount",
        "arm": "treated",
        "score_at_start": "30.00",
        "opened_at": NOW - 30 * DAY,
        "closes_at": NOW,
        "currency": "USD",
        "effect_key": f"k{customer.pk}",
    }
    return Intervention.objects.create(customer=customer, **{**values, **fields})


def test_after_30_days_it_is_closed_with_its_outcome() -> None:
    opened(customer())
    score(Customer.objects.get(), 55.5, at=NOW - DAY)
    assert run_once(CloseInterventions, now=NOW - timedelta(seconds=1)).counts == {"kept": 0, "canceled": 0}
    assert run_once(CloseInterventions, now=NOW).counts == {"kept": 1, "canceled": 0}
    row = the_intervention()
    assert (row.state, row.outcome, row.closed_at) == ("closed", "kept", NOW)
    assert (row.score_at_start, row.score_at_end) == (Decimal("30.00"), Decimal("55.50"))


def test_who_leaves_earlier_closes_it_at_once() -> None:
    opened(customer(status="canceled"), closes_at=NOW + 20 * DAY, arm="holdout")
    run_once(CloseInterventions, now=NOW)
    row = the_intervention()
    assert (row.state, row.outcome, row.score_at_end) == ("closed", "canceled", None)


def test_closing_twice_changes_nothing() -> None:
    opened(customer())
    run_once(CloseInterventions, now=NOW)
    Customer.objects.update(status="canceled")
    assert run_once(CloseInterventions, now=NOW + DAY).counts == {"kept": 0, "canceled": 0}
    assert the_intervention().outcome == "kept"
