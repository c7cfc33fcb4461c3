"""The operator's pages about slow queries and predictions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from apps.platform.actions import Seen, note_statistics
from apps.platform.models import PredictiveAlert, SlowQuery
from apps.runs.models import Observation

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LIST = reverse("admin:platform_slowquery_changelist")


def page(row: SlowQuery) -> str:
    return reverse("admin:platform_slowquery_change", args=[row.pk])


def slow(text: str = "SELECT <b>") -> SlowQuery:
    note_statistics([Seen(1, text, 10, 20_000.0)], now=NOON)
    return SlowQuery.objects.get()


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_empty(admin_client: Client) -> None:
    assert "Slow queries" in text_of(admin_client, LIST)
    assert text_of(admin_client, reverse("admin:platform_predictivealert_changelist"))


def test_a_query_with_nothing_proposed(admin_client: Client) -> None:
    row = slow()
    listed = text_of(admin_client, LIST)
    assert "SELECT &lt;b&gt;" in listed
    assert "2,000 ms" in listed
    assert "None is proposed." in text_of(admin_client, page(row))


def test_before_and_after_an_index(admin_client: Client) -> None:
    slow()
    SlowQuery.objects.update(
        state="indexed",
        schema_name="shop",
        table_name="orders",
        columns=["customer_id"],
        index_name="apex_i",
        cost_before=1000.0,
        cost_after=100.0,
        advice={"hypothetical": False},
        before_ms=2000.0,
        recent_ms=4.0,
        indexed_at=NOON,
        effect_key="platform:index:shop.apex_i",
    )
    Observation.objects.create(
        effect_key="platform:index:shop.apex_i",
        automation="platform.create_index",
        change_type="index",
        state="success",
        applied_at=NOON,
        due_at=NOON,
        until=NOON,
        note="much faster",
    )
    shown = text_of(admin_client, page(SlowQuery.objects.get()))
    for part in (
        "now 100% less",
        "90% less",
        "(estimated)",
        "much faster",
        "CREATE INDEX CONCURRENTLY apex_",
    ):
        assert part in shown
    assert "orders (customer_id)" in text_of(admin_client, LIST)


def test_nothing_can_be_typed_in(admin_client: Client) -> None:
    row = slow()
    assert admin_client.get(reverse("admin:platform_slowquery_add")).status_code == 403
    admin_client.post(page(row), {"query": "changed"})
    row.refresh_from_db()
    assert row.query == "SELECT <b>"


def test_a_prediction_is_acknowledged_once_and_by_post_only(admin_client: Client) -> None:
    alert = PredictiveAlert.objects.create(
        metric="disk", predicted_for=NOON, confidence=0.8, description="full"
    )
    alert.refresh_from_db()
    address = reverse("admin:platform_predictivealert_acknowledge", args=[alert.pk])
    assert admin_client.get(address).status_code == 405
    assert "Acknowledge" in text_of(
        admin_client, reverse("admin:platform_predictivealert_change", args=[alert.pk])
    )
    assert admin_client.post(address).status_code == 302
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("acknowledged", "admin")
    first = alert.acknowledged_at
    admin_client.post(address)
    alert.refresh_from_db()
    assert alert.acknowledged_at == first


def test_whoever_may_only_look_acknowledges_nothing(client: Client, django_user_model: type) -> None:
    alert = PredictiveAlert.objects.create(
        metric="disk", predicted_for=NOON, confidence=0.8, description="full"
    )
    alert.refresh_from_db()
    reader = django_user_model.objects.create_user("reader", password="x", is_staff=True)  # type: ignore[attr-defined]
    client.force_login(reader)
    assert (
        client.post(reverse("admin:platform_predictivealert_acknowledge", args=[alert.pk])).status_code == 403
    )
