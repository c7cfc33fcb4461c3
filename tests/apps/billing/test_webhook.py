"""POST /webhooks/stripe: what is let in, what is stored, what is answered."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import stripe
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from apps.billing.models import EventState, StripeEvent, WebhookRejection

pytestmark = pytest.mark.django_db
SECRET = "whsec_of_this_test"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2026-10-28.endive",
    "created": 1_772_000_000,
    "livemode": False,
    "type": "invoice.payment_failed",
    "data": {"object": {"id": "in_1", "object": "invoice", "customer": "cus_1"}},
}


@pytest.fixture(autouse=True)
def configured(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def post(
    client: Client, body: bytes | str | dict[str, Any], secret: str = SECRET, age: int = 0
) -> HttpResponse:
    raw = json.dumps(body) if isinstance(body, dict) else body
    payload = raw if isinstance(raw, bytes) else raw.encode()
    stamp = int(time.time()) - age
    signature = _sign(stamp, payload, secret)
    return client.post(
        "/webhooks/stripe",
        payload,
        content_type="application/json",
        headers={"Stripe-Signature": f"t={stamp},v1={signature}"},
    )


def _sign(stamp: int, payload: bytes, secret: str) -> str:
    try:
        return stripe.WebhookSignature._compute_signature(f"{stamp}.{payload.decode()}", secret)
    except UnicodeDecodeError:  # the SDK signs text only
        return hmac.new(secret.encode(), f"{stamp}.".encode() + payload, hashlib.sha256).hexdigest()


def test_a_signed_event_is_stored_and_answered(client: Client) -> None:
    assert post(client, EVENT).status_code == 200
    stored = StripeEvent.objects.get()
    assert (stored.event_id, stored.state, stored.object_kind, stored.object_id) == (
        "evt_1",
        EventState.RECEIVED,
        "invoice",
        "in_1",
    )
    assert stored.stripe_customer_id == "cus_1"
    assert stored.payload == EVENT


def test_it_takes_one_insert_and_no_call_to_anybody(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):  # savepoint, INSERT, release: the test's own transaction is around
        post(client, EVENT)


def test_a_repeat_is_harmless(client: Client) -> None:
    for _ in range(3):
        assert post(client, EVENT).status_code == 200
    changed = {**EVENT, "type": "invoice.paid"}
    assert post(client, changed).status_code == 200
    assert StripeEvent.objects.get().type == "invoice.payment_failed"


@pytest.mark.parametrize(
    ("secret", "age", "reason"), [("whsec_wrong", 0, "mismatch"), (SECRET, 400, "stale")]
)
def test_a_wrong_signature_is_refused_and_counted(client: Client, secret: str, age: int, reason: str) -> None:
    for _ in range(2):
        assert post(client, EVENT, secret, age).status_code == 400
    assert WebhookRejection.objects.get(reason=reason).count == 2
    assert not StripeEvent.objects.exists()


def test_no_signature_at_all(client: Client) -> None:
    answer = client.post("/webhooks/stripe", EVENT, content_type="application/json")
    assert answer.status_code == 400
    assert WebhookRejection.objects.get().reason == "missing"


def test_without_a_secret_it_says_so_and_stripe_tries_again(client: Client, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    answer = post(client, EVENT)
    assert answer.status_code == 503
    assert b"STRIPE_WEBHOOK_SECRET" in answer.content


def test_a_body_beyond_the_cap_is_not_read(client: Client) -> None:
    assert post(client, b"x" * 1_000_001).status_code == 413
    assert WebhookRejection.objects.get().reason == "too_large"


def test_only_post(client: Client) -> None:
    assert client.get("/webhooks/stripe").status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"id": "evt_2"}',
        b'{"id": "", "type": "invoice.paid"}',
        b'{"id": "evt_2", "type": "invoice.paid", "created": 1}',
        b'{"id": "evt_2", "type": "invoice.paid", "created": 1, "data": {"object": {}}}',
        b'{"id": "evt_2", "type": "x.y", "created": 1e999}',
        b'{"id": "evt_2", "type": "x.y", "created": NaN}',
        b'{"id": "evt_2", "type": "x.y", "created": 99999999999999999999}',
        b'{"id": "evt_2", "type": "x.y", "created": 1, "a": "\\u0000"}',
        b'{"id": "evt_2", "type": "x.y", "created": 1, "a": "\\ud800"}',
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_malformed_body_is_kept_and_shown_not_lost(client: Client, body: bytes) -> None:
    for _ in range(2):
        assert post(client, body).status_code == 200
    stored = StripeEvent.objects.get()
    assert stored.state == EventState.MALFORMED
    assert stored.raw_body
    assert stored.error


def test_an_unknown_type_is_stored_and_ignored(client: Client) -> None:
    post(client, {**EVENT, "type": "climate.order.created"})
    assert StripeEvent.objects.get().state == EventState.IGNORED


def test_a_thin_event_is_stored_and_ignored(client: Client) -> None:
    thin = {"id": "evt_thin", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}
    post(client, {**thin, "created": "2026-11-21T12:00:00.000Z"})
    assert StripeEvent.objects.get().state == EventState.IGNORED


def test_an_attached_card_concerns_its_customer(client: Client) -> None:
    post(
        client,
        {**EVENT, "type": "payment_method.attached", "data": {"object": {"id": "pm_1", "customer": "cus_1"}}},
    )
    stored = StripeEvent.objects.get()
    assert (stored.object_kind, stored.object_id) == ("customer", "cus_1")
