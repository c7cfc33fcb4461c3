"""The unsubscribe page: looking changes nothing, only POST acts, only for a link of ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from apps.customers.models import Customer
from apps.messaging.actions import suppress, unsubscribe
from apps.messaging.models import Suppression
from apps.messaging.unsubscribe import read, token, url

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def ada() -> Customer:
    return Customer.objects.create(
        external_id="c1", name="Ada", email="Ada@Example.com", marketing_consent=True, signed_up_at=NOW
    )


def page(address: str, customer_id: int | None) -> str:
    return url("", address, customer_id)


def test_get_shows_a_page_and_changes_nothing(client: Client, ada: Customer) -> None:
    answer = client.get(page(ada.email, ada.id))
    assert answer.status_code == 200
    assert b"Ada@Example.com" in answer.content
    assert b'method="post"' in answer.content
    ada.refresh_from_db()
    assert ada.marketing_consent
    assert not Suppression.objects.exists()


def test_one_click_works_without_cookie_or_csrf_token(ada: Customer) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(page(ada.email, ada.id), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    ada.refresh_from_db()
    assert not ada.marketing_consent
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.scope) == ("ada@example.com", "unsubscribed", "marketing")


def test_twice_is_the_same_as_once(client: Client, ada: Customer) -> None:
    for _ in range(2):
        assert client.post(page(ada.email, ada.id)).status_code == 200
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("text", ["x", "a:b", "WyJhIl0:forged", "%00", "ä:ö"])
def test_a_link_that_is_not_ours_does_nothing(client: Client, text: str) -> None:
    answer = client.post(f"/unsubscribe/{text}/")
    assert answer.status_code == 404
    assert not Suppression.objects.exists()


def test_a_token_of_another_address_cannot_be_made_by_hand(ada: Customer) -> None:
    forged = token("other@example.com", ada.id).split(":")[0] + ":" + token(ada.email, ada.id).split(":")[1]
    assert Client().post(f"/unsubscribe/{forged}/").status_code == 404


def test_an_old_address_of_the_customer_does_not_withdraw_the_new_ones_consent(ada: Customer) -> None:
    unsubscribe("old@example.com", ada.id, now=NOW)
    ada.refresh_from_db()
    assert ada.marketing_consent
    assert Suppression.objects.get().address == "old@example.com"


def test_put_and_delete_are_not_taken(client: Client, ada: Customer) -> None:
    assert client.delete(page(ada.email, ada.id)).status_code == 405


def test_the_token_comes_back_whole() -> None:
    assert read(token("ä+b@example.com", None)) == ("ä+b@example.com", None)


def test_suppression_widens_and_never_narrows() -> None:
    unsubscribe("ada@example.com", None, now=NOW)
    assert suppress({"ada@example.com": "550"}, "bounced", "all", now=NOW) == 1
    assert suppress({"ADA@example.com": ""}, "unsubscribed", "marketing", now=NOW) == 0
    row = Suppression.objects.get()
    assert (row.scope, row.reason) == ("all", "bounced")
