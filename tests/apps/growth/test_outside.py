"""What others see of growth: the view, the API, the customer's page, the Monday page, the admin."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from apps.access.actions import issue_key
from apps.core.clock import utc_now
from apps.customers.models import Customer
from apps.customers.timeline import panels, timeline
from apps.growth.models import CustomerHealthScore, Intervention
from apps.growth.queries.outcomes import intervention_effect
from apps.growth.weekly import stale_scores, weekly_summary

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
REASONS = [
    {"code": "usage_fell", "component": "usage", "lost": 47.06, "before": 1000, "now": 100},
    {"code": "few_logins", "component": "engagement", "lost": 7.35, "logins": 0},
]
PARTS = {"usage": {"score": 6.0, "share": 0.62}, "support": {"missing": "no_support_data"}}


def customer(name: str = "ada", **fields: Any) -> Customer:
    values = {"name": name.title(), "signed_up_at": utc_now() - 100 * DAY, **fields}
    return Customer.objects.create(external_id=name, **values)


def score(of: Customer, value: float | None, at: datetime) -> CustomerHealthScore:
    level = "unknown" if value is None else "at_risk" if value < 40 else "healthy" if value > 80 else "steady"
    return CustomerHealthScore.objects.create(
        customer=of,
        day=at.date(),
        score=value,
        level=level,
        components=PARTS,
        reasons=REASONS,
        calculated_at=at,
    )


def intervention(of: Customer, arm: str, outcome: str, **fields: Any) -> Intervention:
    now = utc_now()
    values = {
        "kind": "discount",
        "score_at_start": "30.00",
        "score_at_end": "50.00" if outcome == "kept" else None,
        "state": "closed",
        "opened_at": now - 31 * DAY,
        "closes_at": now - DAY,
        "closed_at": now - DAY,
        "currency": "USD",
        "cost_minor": 100 if arm == "treated" else 0,
        "effect_key": f"k{of.pk}",
    }
    return Intervention.objects.create(customer=of, arm=arm, outcome=outcome, **{**values, **fields})


def dashboard() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM growth_metrics_dashboard")
        rows = cursor.fetchall()
        assert len(rows) == 1
        return dict(zip([column.name for column in cursor.description or ()], rows[0], strict=True))


def test_the_dashboard_of_an_empty_house() -> None:
    found = dashboard()
    assert (found["active_customers"], found["scores_stale"]) == (0, True)
    assert found["healthy_customers_percent"] is None
    assert found["intervention_success_percent"] is None
    assert found["activation_rate_percent"] is None


def test_the_dashboard_counts_the_newest_scores_at_their_edges() -> None:
    now = utc_now()
    for number, value in enumerate([80.0, 80.01, 100.0, 40.0, 39.99, None]):
        score(customer(f"c{number}", activated_at=now if number < 3 else None), value, now)
    gone = customer("gone", status="canceled")
    score(gone, 10.0, now)
    score(Customer.objects.get(external_id="c0"), 0.0, now - DAY)
    found = dashboard()
    assert (found["active_customers"], found["scored_customers"]) == (6, 5)
    assert (found["healthy_customers_percent"], found["high_churn_risk_percent"]) == (
        Decimal(40),
        Decimal(20),
    )
    assert (found["activation_rate_percent"], found["scores_stale"]) == (Decimal(50), False)
    assert (found["pipeline_value_minor"], found["nps_score"]) == (None, None)


def test_the_dashboard_counts_interventions_that_turned_out_well() -> None:
    for number, (arm, outcome, end) in enumerate(
        [
            ("treated", "kept", "30.00"),
            ("treated", "kept", "29.99"),
            ("treated", "canceled", None),
            ("treated", "superseded", None),
            ("holdout", "kept", "90.00"),
        ]
    ):
        intervention(customer(f"c{number}"), arm, outcome, score_at_end=end)
    found = dashboard()
    assert (found["interventions_closed_90d"], found["intervention_success_percent"]) == (3, Decimal("33.33"))


def test_the_effect_is_of_those_drawn_by_lot() -> None:
    for number in range(20):
        intervention(customer(f"t{number}"), "treated", "kept" if number < 18 else "canceled")
        intervention(customer(f"h{number}"), "holdout", "kept" if number < 8 else "canceled")
    intervention(customer("big"), "treated", "kept", randomised=False, cost_minor=900)
    found = next(effect for effect in intervention_effect(utc_now()) if effect.kind == "discount")
    assert (found.treated.closed, found.treated.kept, found.left_alone.kept) == (20, 18, 8)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(0.5)
    assert found.difference.sure
    assert found.prevented == pytest.approx(10.0)
    assert [str(cost) for cost in found.costs] == ["29.00 USD"]


def test_the_monday_page() -> None:
    now = utc_now()
    assert weekly_summary(now - 7 * DAY, now) == []
    assert stale_scores(now - 7 * DAY, now) == []
    intervention(customer("a"), "treated", "kept", opened_at=now - 2 * DAY)
    intervention(customer("b"), "holdout", "kept", opened_at=now - 2 * DAY)
    (line,) = weekly_summary(now - 7 * DAY, now)
    assert (line.title, line.value) == ("Discount and call", "1 customer")
    assert "1 left alone, 1 of 1 ended better" in line.detail
    assert "not certain yet" in line.detail
    score(customer("c"), 50.0, now - timedelta(hours=37))
    assert stale_scores(now - 7 * DAY, now)[0].value == "37 hours old"


def test_the_api() -> None:
    now = utc_now()
    ada = customer("acme/ada")
    score(ada, 30.0, now - DAY)
    score(ada, 45.61, now)
    token = issue_key("test", ["customers:read"], now).token
    client = Client(headers={"authorization": f"Bearer {token}"})
    body = client.get("/api/v1/customers/acme/ada/health").json()
    assert body["success"] is True
    data = body["data"]
    assert (data["score"], data["level"], data["stale"]) == (45.61, "steady", False)
    assert data["explained"][0] == "usage fell from 1,000 to 100 in 30 days (lost 47.1)"
    assert data["left_out"] == ["support: support requests are not connected"]
    assert [day["score"] for day in data["history"]] == [45.61, 30.0]
    customer("new")
    assert client.get("/api/v1/customers/new/health").status_code == 404
    assert client.get("/api/v1/customers/nobody/health").status_code == 404
    assert client.get("/api/v1/customers/new").status_code == 200
    assert Client().get("/api/v1/customers/acme/ada/health").status_code in {401, 403}


def test_the_customers_page_shows_health_and_interventions() -> None:
    now = utc_now()
    ada = customer()
    assert [panel for panel in panels(ada.pk) if panel.title == "Health"] == []
    score(ada, 30.0, now - timedelta(hours=40))
    intervention(ada, "holdout", "canceled")
    (panel,) = [panel for panel in panels(ada.pk) if panel.title == "Health"]
    assert (panel.headline, panel.tone) == ("30", "neutral")
    assert "Stale" in panel.note
    titles = [entry.title for entry in timeline(ada.pk) if entry.kind == "growth"]
    assert titles == ["Discount and call: cancelled", "Left alone on purpose: discount and call"]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", password="correct horse"))
    return client


def test_the_admin_lists_the_newest_scores_with_their_reasons(operator: Client) -> None:
    now = utc_now()
    ada = customer()
    old, new = score(ada, 30.0, now - DAY), score(ada, 45.61, now)
    address = "/admin/growth/customerhealthscore/"
    page = operator.get(address).content.decode()
    assert "45.61" in page
    assert "usage fell from 1,000 to 100" in page
    assert "30.00" not in page
    assert "30.00" in operator.get(f"{address}?customer={ada.pk}").content.decode()
    assert "30.00" in operator.get(f"{address}?days=every").content.decode()
    record = operator.get(f"{address}{new.pk}/change/").content.decode()
    assert "support requests are not connected" in record
    assert operator.get(f"{address}{old.pk}/change/").status_code == 200


def test_the_admin_lists_interventions(operator: Client) -> None:
    row = intervention(customer(), "holdout", "canceled")
    address = "/admin/growth/intervention/"
    page = operator.get(address).content.decode()
    assert "Left alone" in page
    assert "Cancelled" in page
    assert "Left alone on purpose" in operator.get(f"{address}{row.pk}/change/").content.decode()


def test_empty_lists_are_no_trouble(operator: Client) -> None:
    for model in ("customerhealthscore", "intervention"):
        assert operator.get(f"/admin/growth/{model}/").status_code == 200
