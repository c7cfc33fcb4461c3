"""growth.keep_holdout: whom the lot leaves alone, recorded and compared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.growth.models import Intervention
from apps.growth.policy.interventions import drawn
from apps.messaging.models import OutboxMessage
from apps.runs.models import EvolutionEntry
from tests.workers.growth.world import DAY, NOW, customer, given, leaving, score, subscribe, the_intervention
from workers.gateways.scripted_payments import ScriptedPayments
from workers.growth.keep_holdout import KeepHoldout
from workers.growth.offer_discount import OfferDiscount
from workers.growth.send_engagement_mail import SendEngagementMail
from workers.kernel.testing import run_once

pytestmark = pytest.mark.django_db


def test_a_drawn_customer_is_recorded_and_nothing_else_happens(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe, left_alone=True)
    run = run_once(KeepHoldout, now=NOW)
    row = the_intervention()
    assert (run.acted, row.customer_id, row.kind, row.arm) == (1, ada.pk, "discount", "holdout")
    assert (row.cost_minor, row.monthly_minor, row.randomised, row.state) == (0, 9_900, True, "open")
    assert (given(stripe), OutboxMessage.objects.count()) == ([], 0)
    assert "Left alone" in EvolutionEntry.objects.get(change_type="growth_holdout").description


def test_who_is_not_drawn_is_not_seen(stripe: ScriptedPayments) -> None:
    leaving(stripe)
    assert run_once(KeepHoldout, now=NOW).seen == 0


def test_the_lot_of_the_statement_is_the_lot_of_the_rule() -> None:
    for ident in range(1, 301):
        score(customer(ident=ident), 50.0 if ident % 2 else 30.0)
    run = run_once(KeepHoldout, now=NOW)
    assert run.seen == sum(drawn(n, "engagement_mail" if n % 2 else "discount") for n in range(1, 301))
    assert 15 <= run.seen <= 45


def test_all_three_share_out_everybody(stripe: ScriptedPayments) -> None:
    for ident in range(1, 101):
        leaving(stripe, 50.0 if ident % 2 else 30.0, ident=ident)
    runs = [
        run_once(work, now=NOW, payments=stripe) for work in (OfferDiscount, SendEngagementMail, KeepHoldout)
    ]
    arms = list(Intervention.objects.values_list("customer_id", "kind", "arm"))
    assert sum(run.acted for run in runs) == len(arms) == 100
    for ident, kind, arm in arms:
        assert kind == ("engagement_mail" if ident % 2 else "discount")
        assert arm == ("holdout" if drawn(ident, kind) else "treated")


def test_left_alone_is_recorded_as_often_as_it_would_be_given(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe, left_alone=True)
    run_once(KeepHoldout, now=NOW)
    again = run_once(KeepHoldout, now=NOW + timedelta(hours=1))
    assert again.skip_reasons == {"another intervention is open": 1}
    Intervention.objects.update(state="closed", outcome="kept", closed_at=NOW + 30 * DAY)
    for days, acted in ((364, 0), (365, 1)):
        score(ada, 20.0, at=NOW + days * DAY)
        assert run_once(KeepHoldout, now=NOW + days * DAY).acted == acted


def test_what_a_person_decides_is_not_drawn_by_lot(stripe: ScriptedPayments) -> None:
    ada = customer(left_alone=True)
    subscribe(ada, stripe, minor=200_000)
    score(ada, 20.0)
    run = run_once(KeepHoldout, now=NOW)
    assert run.skip_reasons == {"a person decides about this one, so it is not drawn by lot": 1}
    assert run_once(OfferDiscount, now=NOW, payments=stripe).asked == 1


def test_who_would_get_nothing_is_not_recorded_either() -> None:
    score(customer(left_alone=True), 20.0)
    assert run_once(KeepHoldout, now=NOW).skip_reasons == {"has no running subscription at Stripe": 1}
