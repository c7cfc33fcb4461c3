"""What others ask of payments, and the operator's pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from apps.billing.models import EventState, Invoice, StripeEvent
from apps.customers.models import Access, Customer
from apps.customers.timeline import timeline
from apps.payments.models import PaymentAttempt, RecoveryCase
from apps.payments.queries.entitlement import entitlement
from apps.payments.queries.reports import dunning_summary, payment_facts
from tests.workers.payments.world import FAILED, Business

pytestmark = pytest.mark.django_db
PAGES = ["payments_recoverycase", "payments_ladderplan", "billing_stripeevent", "billing_invoice",
         "billing_subscription", "billing_plan", "billing_dispute", "billing_webhookrejection"]  # fmt: skip


@pytest.fixture
def business() -> Business:
    return Business()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", "o@example.com", "x"))
    return client


def test_a_customer_who_owes_nothing(business: Business) -> None:
    found = entitlement(business.customer, FAILED)
    assert (found.overdue, found.cut_access, found.rate_limit_percent) == (False, False, 100)
    assert found.reason == "Nothing is overdue."
    assert payment_facts([business.customer.id], FAILED) == {}


def test_a_customer_who_owes(business: Business) -> None:
    business.fail("insufficient_funds", "insufficient_funds")
    business.play_to(2)
    now = FAILED + timedelta(days=2, hours=1)
    business.customer.refresh_from_db()
    found = entitlement(business.customer, now)
    assert (found.overdue, found.cut_access, found.days_past_due, found.owed_minor) == (
        True,
        False,
        2,
        49_900,
    )
    assert found.reason == "499.00 USD unpaid since 2026-03-02 (insufficient_funds)."
    assert found.next_step == "the invoice is charged again"
    assert found.next_step_at == FAILED.replace(hour=9, minute=0) + timedelta(days=3)
    facts = payment_facts([business.customer.id, -1], now)[business.customer.id]
    assert (facts.failed_90d, facts.open_case, facts.days_past_due) == (2, True, 2)
    later = payment_facts([business.customer.id], now + timedelta(days=90))[business.customer.id]
    assert later.failed_90d == 0


def test_a_suspended_customer_is_cut(business: Business) -> None:
    business.fail("insufficient_funds")
    RecoveryCase.objects.update(access_percent=0)
    Customer.objects.update(access=Access.SUSPENDED)
    business.customer.refresh_from_db()
    found = entitlement(business.customer, FAILED)
    assert (found.cut_access, found.rate_limit_percent) == (True, 0)


def test_the_summary_with_and_without_cases(business: Business) -> None:
    empty = dunning_summary(FAILED)
    assert (empty.opened, empty.rate, empty.median_days, list(empty.recovered)) == (0, None, None, [])
    business.fail("insufficient_funds", "success")
    at_stake = dunning_summary(business.simulation.clock.now)
    assert [str(sum_) for sum_ in at_stake.at_stake] == ["499.00 USD"]
    business.play(1)
    done = dunning_summary(business.simulation.clock.now)
    assert (done.recovered_cases, done.rate) == (1, 1.0)
    assert [str(sum_) for sum_ in done.recovered] == ["499.00 USD"]
    assert done.median_days == pytest.approx(1.02, abs=0.01)


def test_the_customers_time_line_tells_of_charges(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    business.play(1)
    titles = [entry.title for entry in timeline(business.customer.id)]
    assert "Charge of 499.00 USD was declined" in titles
    assert "Charge of 499.00 USD succeeded" in titles
    assert "Recovery case closed: recovered" in titles


def test_the_api_answers_one_question(business: Business, operator: Client) -> None:
    business.fail("expired_card")
    answer = operator.get("/api/v1/entitlements/ada").json()
    assert answer["success"]
    assert answer["data"]["overdue"] is True
    assert operator.get("/api/v1/entitlements/nobody").status_code == 404


def test_the_api_is_closed_to_strangers(client: Client) -> None:
    assert client.get("/api/v1/entitlements/ada").status_code in (401, 403)


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_shown_empty_and_filled(page: str, operator: Client) -> None:
    listed = reverse(f"admin:{page}_changelist")
    assert operator.get(listed).status_code == 200
    business = Business()
    business.fail("insufficient_funds", "insufficient_funds")
    business.play(1)
    assert operator.get(listed).status_code == 200
    records = {
        "payments_recoverycase": RecoveryCase,
        "billing_stripeevent": StripeEvent,
        "billing_invoice": Invoice,
    }
    if page in records:
        ident = records[page].objects.order_by("id").values_list("id", flat=True)[0]
        assert operator.get(reverse(f"admin:{page}_change", args=[ident])).status_code == 200


def test_replay_is_a_post_with_permission(business: Business, client: Client, operator: Client) -> None:
    business.event("invoice.paid", "in_none")
    StripeEvent.objects.update(state=EventState.FAILED)
    event = StripeEvent.objects.get()
    url = reverse("admin:billing_event_replay", args=[event.id])
    assert operator.get(url).status_code == 405
    operator.post(url)
    event.refresh_from_db()
    assert (event.state, event.attempts) == (EventState.RECEIVED, 1)
    client.force_login(get_user_model().objects.create_user("reader", is_staff=True))
    assert client.post(url).status_code == 403


def test_the_database_refuses_a_second_open_case_and_a_second_payment(business: Business) -> None:
    business.fail("insufficient_funds", "success")
    case = business.case
    with pytest.raises(IntegrityError), transaction.atomic():
        RecoveryCase.objects.create(
            invoice=case.invoice, customer=case.customer, ladder=case.ladder, failure_class="soft",
            opened_at=FAILED, first_failed_at=FAILED, currency="USD",
        )  # fmt: skip
    paid = {
        "case": case,
        "origin": "dunning",
        "outcome": "paid",
        "amount_minor": 1,
        "currency": "USD",
        "at": FAILED,
    }
    PaymentAttempt.objects.create(effect_key="a", **paid)
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentAttempt.objects.create(effect_key="b", **paid)
