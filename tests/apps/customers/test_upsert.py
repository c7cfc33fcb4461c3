from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.customers.actions.upsert import Upserted, upsert_customers
from apps.customers.models import Customer
from apps.customers.policy.profile import read_customer
from tests.apps.customers.helpers import NOW, make_customer

pytestmark = pytest.mark.django_db


def upsert(*rows: dict[str, Any], now: Any = NOW) -> Upserted:
    return upsert_customers([read_customer(row) for row in rows], now)


def test_a_new_customer_gets_the_defaults() -> None:
    assert upsert({"external_id": "a", "name": "Ann"}).created == 1
    customer = Customer.objects.get(external_id="a")
    assert (customer.name, customer.plan, customer.status, customer.currency) == (
        "Ann",
        "free",
        "active",
        "USD",
    )
    assert customer.signed_up_at == NOW


def test_only_what_was_said_changes() -> None:
    make_customer("a", name="Ann", plan="indie", company="Acme")
    done = upsert({"external_id": "a", "plan": "studio"}, now=NOW + timedelta(days=1))
    assert (done.created, done.updated, done.unchanged) == (0, 1, 0)
    customer = Customer.objects.get(external_id="a")
    assert (customer.name, customer.plan, customer.company) == ("Ann", "studio", "Acme")
    assert (customer.signed_up_at, customer.updated_at) == (NOW, NOW + timedelta(days=1))


def test_saying_the_same_again_changes_nothing() -> None:
    row = {"external_id": "a", "plan": "studio", "status": "canceled", "contacts": [{"email": "x@y.de"}]}
    upsert(row)
    before = Customer.objects.values().get()
    done = upsert(row, now=NOW + timedelta(days=1))
    assert (done.created, done.updated, done.unchanged) == (0, 0, 1)
    assert Customer.objects.values().get() == before


def test_rows_that_say_different_fields_go_together() -> None:
    make_customer("a", name="Ann")
    done = upsert(
        {"external_id": "a", "plan": "studio"}, {"external_id": "b"}, {"external_id": "c", "name": "Cy"}
    )
    assert (done.created, done.updated) == (2, 1)
    assert Customer.objects.get(external_id="a").name == "Ann"


def test_a_customer_said_twice_is_what_was_said_last() -> None:
    done = upsert(
        {"external_id": "a", "name": "Ann", "plan": "indie"}, {"external_id": "a", "plan": "studio"}
    )
    assert (done.created, done.updated) == (1, 0)
    assert Customer.objects.values_list("name", "plan").get() == ("Ann", "studio")


def test_cancelling_dates_itself_once_and_coming_back_clears_it() -> None:
    upsert({"external_id": "a", "status": "active"})
    upsert({"external_id": "a", "status": "canceled"}, now=NOW + timedelta(days=1))
    upsert({"external_id": "a", "status": "canceled", "name": "x"}, now=NOW + timedelta(days=9))
    assert Customer.objects.get().canceled_at == NOW + timedelta(days=1)
    upsert({"external_id": "a", "status": "active"}, now=NOW + timedelta(days=10))
    assert Customer.objects.get().canceled_at is None


def test_a_row_that_breaks_a_constraint_is_refused_by_itself() -> None:
    make_customer("a", stripe_customer_id="cus_1")
    done = upsert(
        {"external_id": "b", "stripe_customer_id": "cus_2"},
        {"external_id": "c", "stripe_customer_id": "cus_1"},
        {"external_id": "d", "stripe_customer_id": "cus_3"},
    )
    assert done.created == 2
    assert done.refused == {1: "stripe_customer_id belongs to another customer"}


def test_contacts_are_replaced_when_they_are_said() -> None:
    upsert({"external_id": "a", "contacts": [{"email": "x@y.de", "role": "billing"}, {"email": "z@y.de"}]})
    done = upsert({"external_id": "a", "contacts": [{"email": "X@y.de", "role": "billing", "name": "Xena"}]})
    assert done.updated == 1
    contacts = Customer.objects.get().contacts.values_list("email", "name", "role")
    assert list(contacts) == [("x@y.de", "Xena", "billing")]
    upsert({"external_id": "a", "name": "Ann"})
    assert Customer.objects.get().contacts.count() == 1


def test_a_thousand_customers_take_as_many_statements_as_one() -> None:
    def statements(count: int, name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            upsert(*({"external_id": f"{name}{number}"} for number in range(count)))
        return len(queries)

    assert statements(1000, "a") == statements(1, "b")


@pytest.mark.parametrize(
    "fields",
    [{"plan": "gold"}, {"status": "gone"}, {"access": "some"}, {"lifecycle_stage": "x"}, {"currency": "usd"},
     {"currency": "$$$"}, {"base_price_minor": -1}, {"monthly_limit": -1},
     {"stripe_customer_id": ""}, {"external_id": ""}],
)  # fmt: skip
def test_the_database_itself_refuses_what_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(**{"external_id": "a", "signed_up_at": NOW, **fields})
