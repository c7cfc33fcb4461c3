"""growth.offer_discount on the real kernel and database, with a scripted Stripe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core.modes import RunMode
from apps.growth.models import Intervention
from apps.growth.policy.interventions import drawn
from apps.messaging.models import OutboxMessage
from apps.runs.actions import approve, edit, reject
from apps.runs.models import AutomationEntry, Confidence, Effect, EvolutionEntry, Observation, Proposal, Run
from tests.workers.growth.world import DAY, NOW, customer, given, leaving, score, subscribe, the_intervention
from workers.gateways.scripted_payments import ScriptedPayments
from workers.growth.offer_discount import OfferDiscount
from workers.kernel.simulation import Simulation
from workers.kernel.testing import run_in, run_once, simulate
from workers.ports import Refused, Unavailable, Unknown

NAME = OfferDiscount.name


def offer(stripe: ScriptedPayments, now: datetime = NOW, **more: Any) -> Run:
    return run_once(OfferDiscount, now=now, payments=stripe, **more)


def world(stripe: ScriptedPayments) -> Simulation:
    return simulate([OfferDiscount], now=NOW, payments=stripe)


def test_half_price_for_three_months_and_an_offer_to_talk(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe)
    run = offer(stripe)
    assert (run.seen, run.acted, run.failed) == (1, 1, 0)
    found = stripe.subscriptions[f"sub_{ada.pk}"].discount
    assert found is not None
    assert (found.percent, found.months) == (50, 3)
    row = the_intervention()
    assert (row.kind, row.arm, row.state, row.randomised) == ("discount", "treated", "open", True)
    assert (row.score_at_start, row.factors) == (Decimal("20.00"), ["usage_fell", "few_logins"])
    assert (row.cost_minor, row.currency, row.closes_at) == (3 * 4_950, "USD", NOW + 30 * DAY)
    mail = OutboxMessage.objects.get()
    assert (mail.template, mail.to, mail.message_class) == ("win_back_discount", ada.email, "marketing")
    assert mail.context == {"percent": 50, "months": 3}
    log = EvolutionEntry.objects.get(change_type="retention_discount")
    assert (log.confidence, log.success, log.customer_id) == (0.95, True, ada.pk)
    assert "end the discount" in log.way_back


def test_a_second_run_the_same_day_gives_nothing_more(stripe: ScriptedPayments) -> None:
    leaving(stripe)
    offer(stripe)
    again = offer(stripe, NOW + timedelta(minutes=20))
    assert (again.acted, again.skip_reasons) == (0, {"another intervention is open": 1})
    assert len([call for call in stripe.calls if call[0] == "discount"]) == 1
    assert OutboxMessage.objects.count() == Intervention.objects.count() == 1


@pytest.mark.parametrize(("days", "acted"), [(364, 0), (365, 1)])
def test_one_discount_a_year_to_the_day(stripe: ScriptedPayments, days: int, acted: int) -> None:
    ada = leaving(stripe)
    offer(stripe)
    Intervention.objects.update(state="closed", outcome="kept", closed_at=NOW + 30 * DAY)
    later = NOW + days * DAY
    score(ada, 20.0, at=later)
    run = offer(stripe, later)
    assert run.acted == acted
    assert run.skip_reasons == ({} if acted else {"had a discount within a year": 1})


def test_a_leap_day_has_its_year(stripe: ScriptedPayments) -> None:
    leap = datetime(2028, 2, 29, 19, tzinfo=UTC)
    ada = leaving(stripe)
    score(ada, 20.0, at=leap)
    offer(stripe, leap)
    Intervention.objects.update(state="closed", outcome="kept", closed_at=leap + 30 * DAY)
    for day, acted in ((datetime(2029, 2, 28, 19, tzinfo=UTC), 0), (datetime(2029, 3, 1, 19, tzinfo=UTC), 1)):
        score(ada, 20.0, at=day)
        assert offer(stripe, day).acted == acted


@pytest.mark.parametrize(("value", "acted"), [(39.99, 1), (40.0, 0), (60.0, 0)])
def test_only_under_40(stripe: ScriptedPayments, value: float, acted: int) -> None:
    leaving(stripe, value)
    assert offer(stripe).acted == acted


def test_the_hold_out_is_left_alone(stripe: ScriptedPayments) -> None:
    leaving(stripe, left_alone=True)
    run = offer(stripe)
    assert run.skip_reasons == {"in the hold-out: left alone, to compare with": 1}
    assert (given(stripe), OutboxMessage.objects.count()) == ([], 0)


def test_a_lost_answer_is_repeated_and_not_doubled(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe)
    stripe.fault(Unknown("the line went dead"), acts=True)
    simulation = world(stripe)
    run_in(simulation, NAME)
    assert (Effect.objects.get().state, Intervention.objects.count()) == ("doubt", 0)
    simulation.clock.now = NOW + timedelta(minutes=5)
    simulation.tick()
    assert (Effect.objects.get().state, given(stripe)) == ("done", [f"sub_{ada.pk}"])
    assert Intervention.objects.count() == OutboxMessage.objects.count() == 1
    assert len({key for method, _, key in stripe.calls if method == "discount"}) == 1


def test_in_doubt_over_new_year_keeps_its_key(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe)
    new_year_eve = datetime(2026, 12, 31, 19, tzinfo=UTC)
    score(ada, 20.0, at=new_year_eve)
    stripe.fault(Unknown("lost"), acts=True)
    offer(stripe, new_year_eve)
    score(ada, 20.0, at=new_year_eve + DAY)
    offer(stripe, new_year_eve + DAY)
    assert Effect.objects.count() == 1


def test_a_provider_that_is_away_is_asked_again(stripe: ScriptedPayments) -> None:
    leaving(stripe)
    stripe.fault(Unavailable("busy"))
    simulation = world(stripe)
    run_in(simulation, NAME)
    assert (Effect.objects.get().state, Intervention.objects.count()) == ("waiting", 0)
    simulation.clock.now = NOW + timedelta(minutes=2)
    simulation.tick()
    assert (Effect.objects.get().state, Intervention.objects.count()) == ("done", 1)


def test_a_refusal_is_kept_and_tried_again_after_30_days_under_a_new_key(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe)
    stripe.fault(Refused("no such subscription"))
    offer(stripe)
    row = the_intervention()
    assert (row.outcome, row.note, row.state) == ("not_given", "no such subscription", "closed")
    assert OutboxMessage.objects.count() == 0
    for days, acted in ((29, 0), (30, 1)):
        score(ada, 20.0, at=NOW + days * DAY)
        assert offer(stripe, NOW + days * DAY).acted == acted
    assert sorted(Effect.objects.values_list("key", "state")) == [
        (f"growth:discount:{ada.pk}:1", "refused"),
        (f"growth:discount:{ada.pk}:2", "done"),
    ]


def test_much_money_is_asked_about_and_given_as_the_operator_edits_it(stripe: ScriptedPayments) -> None:
    ada = customer()
    subscribe(ada, stripe, minor=100_001)
    score(ada, 20.0)
    simulation = world(stripe)
    run = run_in(simulation, NAME)
    proposal = Proposal.objects.get()
    assert (run.acted, run.asked, proposal.customer_id) == (0, 1, ada.pk)
    assert "more than 1,000 USD a month" in proposal.reason
    edit(proposal.pk, {"percent": "30", "months": "2"}, "operator", NOW)
    approve([proposal.pk], "operator", NOW)
    simulation.tick()
    found = stripe.subscriptions[f"sub_{ada.pk}"].discount
    assert found is not None
    assert (found.percent, found.months) == (30, 2)
    row = the_intervention()
    assert (row.randomised, row.cost_minor) == (False, 2 * 30_000)


def test_exactly_the_price_that_needs_nobody(stripe: ScriptedPayments) -> None:
    ada = customer()
    subscribe(ada, stripe, minor=100_000)
    score(ada, 20.0)
    assert offer(stripe).acted == 1


def test_a_rejected_one_is_not_asked_about_again(stripe: ScriptedPayments) -> None:
    leaving(stripe, marketing_consent=False)
    assert offer(stripe).asked == 1
    reject([Proposal.objects.get().pk], "operator", NOW, "I call them")
    again = offer(stripe, NOW + timedelta(hours=1))
    assert (again.asked, given(stripe)) == (0, [])


def test_a_late_approval_replaces_what_is_open_by_then(stripe: ScriptedPayments) -> None:
    ada = leaving(stripe, marketing_consent=False)
    simulation = world(stripe)
    run_in(simulation, NAME)
    Intervention.objects.create(
        customer=ada,
        kind="engagement_mail",
        arm="treated",
        score_at_start=50,
        opened_at=NOW,
        closes_at=NOW + 30 * DAY,
        currency="USD",
        effect_key="growth:mail:x",
    )
    approve([Proposal.objects.get().pk], "operator", NOW)
    simulation.tick()
    assert sorted(Intervention.objects.values_list("kind", "state", "outcome")) == [
        ("discount", "open", ""),
        ("engagement_mail", "closed", "superseded"),
    ]


def test_a_dry_run_and_a_switch_that_is_off_touch_nothing(stripe: ScriptedPayments) -> None:
    leaving(stripe)
    assert offer(stripe, mode=RunMode.DRY_RUN).acted == 1
    AutomationEntry.objects.filter(name=NAME).update(mode="off")
    offer(stripe, NOW + timedelta(minutes=1))
    assert (given(stripe), Intervention.objects.count(), OutboxMessage.objects.count()) == ([], 0, 0)


def test_limits_leave_the_rest_for_the_next_hour(stripe: ScriptedPayments) -> None:
    treated = [number for number in range(1, 70) if not drawn(number, "discount")][:52]
    for ident in treated:
        leaving(stripe, ident=ident)
    run = offer(stripe)
    assert (run.acted, run.skip_reasons) == (50, {"limit of 50 actions an hour reached": 2})


def watched(stripe: ScriptedPayments) -> tuple[Simulation, Any]:
    ada = leaving(stripe)
    simulation = world(stripe)
    run_in(simulation, NAME)
    return simulation, ada


def look(simulation: Simulation, days: int) -> str:
    simulation.clock.now = NOW + days * DAY
    simulation.tick()
    return str(Observation.objects.get().state)


def test_a_customer_who_stayed_with_no_lower_score_is_a_success(stripe: ScriptedPayments) -> None:
    simulation, ada = watched(stripe)
    assert look(simulation, 13) == "watching"
    score(ada, 20.0, at=NOW + 14 * DAY)
    assert look(simulation, 14) == "success"
    assert (Confidence.objects.get().successes, Observation.objects.get().looks) == (1, 1)


def test_a_lower_score_is_given_until_day_30_and_keeps_its_discount(stripe: ScriptedPayments) -> None:
    simulation, ada = watched(stripe)
    for days in (14, 18, 22, 26, 30):
        score(ada, 19.99, at=NOW + days * DAY)
        assert look(simulation, days) == ("failure" if days == 30 else "watching")
    assert given(stripe) == [f"sub_{ada.pk}"]
    assert Confidence.objects.get().failures == 1


def test_who_cancelled_has_the_discount_ended(stripe: ScriptedPayments) -> None:
    simulation, ada = watched(stripe)
    ada.status, ada.canceled_at = "canceled", NOW + 10 * DAY
    ada.save()
    assert look(simulation, 14) == "rolled_back"
    assert given(stripe) == []
    assert EvolutionEntry.objects.filter(change_type="rollback:retention_discount").count() == 1


def test_without_a_recent_score_nothing_is_learned(stripe: ScriptedPayments) -> None:
    simulation, _ = watched(stripe)
    for days in (14, 18, 22, 26):
        assert look(simulation, days) == "watching"
    assert look(simulation, 30) == "inconclusive"
    assert Confidence.objects.count() == 0
