"""The statement over everybody says what the rule says, to the last digit; and a second run doubles nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.billing.models import Invoice, Subscription
from apps.customers.models import Customer, UsageDaily
from apps.customers.policy import KINDS
from apps.growth.actions.scoring import score_customers
from apps.growth.models import CustomerHealthScore
from apps.growth.policy.components import INTEGRATION_KINDS, PEOPLE_KINDS, VOLUME_KINDS, HealthFacts
from apps.growth.policy.health import Health, health, hundredths
from apps.payments.models import LadderPlan, RecoveryCase

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 19, tzinfo=UTC)
LIVE = {"trialing", "active", "past_due", "unpaid"}

AGES = st.one_of(st.integers(1, 62), st.sampled_from([-1, 0, 1, 30, 31, 60, 61, 364, 365, 366]))
RANDOM = st.dictionaries(
    st.tuples(AGES, st.sampled_from(KINDS)),
    st.tuples(st.one_of(st.integers(0, 300), st.integers(0, 10**17)), st.integers(0, 6)),
    max_size=25,
)
# Two months that can be compared: random rows alone are nearly always far apart.
COMPARABLE = st.fixed_dictionaries(
    {
        (age, kind): st.tuples(st.integers(60, 100), st.integers(1, 3))
        for age, kind in ((5, "api_call"), (29, "login"), (35, "api_call"), (61, "api_error"))
    }
)
USAGE = st.one_of(RANDOM, COMPARABLE, st.builds(lambda one, two: {**one, **two}, RANDOM, COMPARABLE))


@dataclass(frozen=True)
class Life:
    """What stands in the tables about one customer: (age in days, kind) → (quantity, events), case (age, open)."""

    status: str
    usage: Mapping[tuple[int, str], tuple[int, int]]
    subscriptions: list[tuple[str, bool]] = field(default_factory=list)
    cases: list[tuple[int, bool]] = field(default_factory=list)
    invoiced: bool = False


LIVES = st.builds(
    Life,
    status=st.sampled_from(["trialing", "active", "past_due", "paused", "canceled"]),
    usage=USAGE,
    subscriptions=st.lists(
        st.tuples(st.sampled_from(["active", "canceled", "unpaid"]), st.booleans()), max_size=2
    ),
    cases=st.lists(st.tuples(st.sampled_from([0, 1, 89, 90, 91, 200]), st.booleans()), max_size=3),
    invoiced=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LIVES, min_size=1, max_size=6))
def test_the_statement_is_the_rule(lives: list[Life]) -> None:
    with transaction.atomic():
        customers = [store(number, life) for number, life in enumerate(lives)]
        score_customers(DAY, NOW)
        rows = {row.customer_id: row for row in CustomerHealthScore.objects.all()}
        for customer, life in zip(customers, lives, strict=True):
            if life.status in {"paused", "canceled"}:
                assert customer.pk not in rows
                continue
            assert shown(rows[customer.pk]) == expected(health(facts_of(life)))
        transaction.set_rollback(True)


def shown(row: CustomerHealthScore) -> dict[str, Any]:
    return {
        "score": None if row.score is None else float(row.score),
        "level": row.level,
        "components": row.components,
        "reasons": row.reasons,
    }


def expected(found: Health) -> dict[str, Any]:
    return {
        "score": found.score,
        "level": found.level.value,
        "components": {
            name: {"missing": part.missing}
            if part.score is None
            else {"score": hundredths(part.score), "share": found.shares[name]}
            for name, part in found.components.items()
        },
        "reasons": [
            {"code": lost.code, "component": lost.component, "lost": lost.points, **lost.facts}
            for lost in found.reasons
        ],
    }


def facts_of(life: Life) -> HealthFacts:
    """The facts counted by hand, one customer at a time, in another way than the statement does."""
    known = {key: found for key, found in life.usage.items() if 1 <= key[0] <= 365}
    recent = {key: found for key, found in known.items() if key[0] <= 30}
    first = max((age for age, _ in known), default=0)
    ever = {kind for _, kind in known}

    def total(kinds: tuple[str, ...], part: int, oldest: int, youngest: int = 1) -> int:
        return sum(v[part] for (age, kind), v in known.items() if kind in kinds and youngest <= age <= oldest)

    past_due = life.status == "past_due"
    open_case = any(is_open for _, is_open in life.cases)
    return HealthFacts(
        used_ever=bool(ever & set(VOLUME_KINDS)),
        people_ever=bool(ever & set(PEOPLE_KINDS)),
        integrated=bool(ever & set(INTEGRATION_KINDS)),
        days_now=min(30, first),
        days_before=min(30, max(0, first - 30)),
        used_now=total(VOLUME_KINDS, 0, 30),
        used_before=total(VOLUME_KINDS, 0, 60, 31),
        api_calls=total(("api_call",), 0, 30),
        api_errors=total(("api_error",), 0, 30),
        active_days=len({age for age, kind in recent if kind in PEOPLE_KINDS}),
        logins=total(("login",), 1, 30),
        feature_uses=total(("feature_use",), 1, 30),
        billed=past_due
        or bool(life.subscriptions)
        or life.invoiced
        or any(is_open or age <= 90 for age, is_open in life.cases)
        or bool(life.cases),  # a case has an invoice
        open_case=open_case,
        past_due=past_due,
        ending=any(ends and status in LIVE for status, ends in life.subscriptions),
        earlier_cases=sum(not is_open and age <= 90 for age, is_open in life.cases),
    )


def store(number: int, life: Life) -> Customer:
    customer = Customer.objects.create(external_id=f"c{number}", status=life.status, signed_up_at=NOW)
    UsageDaily.objects.bulk_create(
        UsageDaily(
            customer=customer, day=DAY - timedelta(days=age), kind=kind, quantity=quantity, events=events
        )
        for (age, kind), (quantity, events) in life.usage.items()
    )
    for index, (status, ends) in enumerate(life.subscriptions):
        Subscription.objects.create(
            stripe_id=f"sub_{number}_{index}",
            customer=customer,
            status=status,
            currency="USD",
            cancel_at_period_end=ends,
            as_of=NOW,
        )
    if life.invoiced:
        invoice(customer, f"in_{number}")
    for index, (age, is_open) in enumerate(life.cases):
        at = NOW - timedelta(days=age)
        RecoveryCase.objects.create(
            invoice=invoice(customer, f"in_{number}_{index}"),
            customer=customer,
            ladder=LadderPlan.objects.get(name="standard"),
            failure_class="soft",
            state="open" if is_open else "lost",
            opened_at=at,
            first_failed_at=at,
            closed_at=None if is_open else NOW,
            currency="USD",
        )
    return customer


def invoice(customer: Customer, stripe_id: str) -> Invoice:
    return Invoice.objects.create(
        stripe_id=stripe_id,
        customer=customer,
        status="open",
        currency="USD",
        amount_due_minor=100,
        amount_paid_minor=0,
        amount_remaining_minor=100,
        collection_method="charge_automatically",
        as_of=NOW,
    )


def test_a_second_run_of_the_day_replaces_its_rows_and_another_day_adds_to_them() -> None:
    customer = store(1, Life("active", {(1, "impression"): (29, 1), (40, "impression"): (10, 1)}))
    assert score_customers(DAY, NOW)["scored"] == 1
    first = CustomerHealthScore.objects.get(customer=customer)
    UsageDaily.objects.filter(day=DAY - timedelta(days=1)).update(quantity=20)  # late news
    later = NOW + timedelta(hours=1)
    score_customers(DAY, later)
    again = CustomerHealthScore.objects.get(customer=customer)
    assert again.calculated_at == later
    assert again.score is not None
    assert first.score is not None
    assert again.score < first.score
    score_customers(DAY + timedelta(days=1), NOW + timedelta(days=1))
    assert CustomerHealthScore.objects.filter(customer=customer).count() == 2


def test_no_customers_is_no_trouble() -> None:
    assert score_customers(DAY, NOW) == {"scored": 0}
