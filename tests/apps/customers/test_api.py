from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.access.actions import issue_key
from apps.core.clock import utc_now
from apps.customers.models import Customer, UsageDaily
from tests.apps.customers.helpers import event, make_customer

pytestmark = pytest.mark.django_db
Post = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def client() -> APIClient:
    found = APIClient()
    token = issue_key("test", ["customers:write", "events:write"], utc_now()).token
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return found


def post(client: Client, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.generic("POST", path, data, content_type="application/json", headers=headers)
    return answer.status_code, json.loads(answer.content)


def test_events_are_taken_and_a_resend_is_known(client: APIClient) -> None:
    make_customer()
    body = {"events": [event(), event("unknown"), event(kind="dance")]}
    status, answer = post(client, "/api/v1/events/", body, **{"Idempotency-Key": "k"})
    assert status == 200
    assert answer["success"] is True
    assert answer["message"] == "2 taken, 1 refused: see data.refused"
    assert {name: answer["data"][name] for name in ("accepted", "duplicates", "held")} == {
        "accepted": 1, "duplicates": 0, "held": 1,
    }  # fmt: skip
    assert answer["data"]["refused"][0]["index"] == 2
    status, answer = post(client, "/api/v1/events/", body, **{"Idempotency-Key": "k"})
    assert (answer["data"]["accepted"], answer["data"]["duplicates"]) == (0, 2)


def test_an_event_of_the_future_is_refused_by_name(client: APIClient) -> None:
    make_customer()
    late = event(id="1", at=utc_now() + timedelta(minutes=6))
    status, answer = post(client, "/api/v1/events/", {"events": [late]})
    assert status == 422
    assert answer["success"] is False
    assert "in the future" in answer["data"]["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/events/", b"", 400),
        ("/api/v1/events/", b"\x00\xff", 400),
        ("/api/v1/events/", {"events": [{}] * 1001}, 400),
        ("/api/v1/events/", b" " * (10 * 1024 * 1024 + 1), 413),
        ("/api/v1/customers/", b"[", 400),
        ("/api/v1/customers/", [], 400),
        ("/api/v1/customers/", {"customers": 1}, 400),
        ("/api/v1/customers/", {"customers": [{}] * 1001}, 400),
        ("/api/v1/customers/", {}, 422),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_in_the_envelope(
    client: APIClient, path: str, body: Any, status: int
) -> None:
    got, answer = post(client, path, body)
    assert got == status
    assert set(answer) == {"success", "message", "data"}
    assert answer["success"] is False
    assert answer["message"]


def test_only_json_is_taken(client: APIClient) -> None:
    answer = client.generic(
        "POST", "/api/v1/events/", "events=1", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 415


def test_an_idempotency_key_has_a_longest_length(client: APIClient) -> None:
    status, _ = post(client, "/api/v1/events/", {"events": []}, **{"Idempotency-Key": "k" * 201})
    assert status == 400


def test_one_customer_is_made_then_changed(client: APIClient) -> None:
    status, answer = post(client, "/api/v1/customers/", {"external_id": "a", "name": "Ann"})
    assert (status, answer["data"]["created"]) == (200, 1)
    status, answer = post(client, "/api/v1/customers/", {"external_id": "a", "plan": "studio"})
    assert answer["data"]["updated"] == 1
    assert Customer.objects.values_list("name", "plan").get() == ("Ann", "studio")


def test_a_wrong_customer_is_named_with_its_place_and_the_others_are_taken(client: APIClient) -> None:
    make_customer("taken", stripe_customer_id="cus_1")
    people = [
        {"external_id": "a"},
        {"external_id": "b", "plan": "gold"},
        {"external_id": "c", "email": "x"},
        {"external_id": "d", "stripe_customer_id": "cus_1"},
    ]
    status, answer = post(client, "/api/v1/customers/", {"customers": people})
    assert status == 200
    assert answer["data"]["created"] == 1
    assert [bad["index"] for bad in answer["data"]["refused"]] == [1, 2, 3]


def test_a_customer_can_be_read_even_with_a_slash_in_its_id(client: APIClient) -> None:
    post(client, "/api/v1/customers/", {"external_id": "a/b", "contacts": [{"email": "x@y.de"}]})
    answer = client.get("/api/v1/customers/a/b").json()
    assert answer["data"]["external_id"] == "a/b"
    assert answer["data"]["contacts"] == [{"email": "x@y.de", "name": "", "role": "other"}]


@pytest.mark.parametrize("name", ["nobody", "a%00b"])
def test_an_unknown_customer_is_404(client: APIClient, name: str) -> None:
    for path in (f"/api/v1/customers/{name}", f"/api/v1/customers/{name}/usage"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["success"] is False


def test_the_list_is_filtered_searched_and_paged_in_a_fixed_number_of_queries(client: APIClient) -> None:
    for number in range(30):
        make_customer(f"c{number}", name=f"Ann {number}", plan="indie" if number % 2 else "free")
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/api/v1/customers/?plan=indie&search=ann&limit=5").json()["data"]
    assert (answer["count"], len(answer["results"])) == (15, 5)
    assert len(queries) <= 5  # the key, its last use, its rate, the count, the page
    assert client.get("/api/v1/customers/?status=paused").json()["data"]["count"] == 0


def test_usage_has_totals_and_days(client: APIClient) -> None:
    customer = make_customer()
    today = utc_now().date()
    for back, quantity in ((0, 5), (29, 7), (30, 100)):
        day = today - timedelta(days=back)
        UsageDaily.objects.create(customer=customer, day=day, kind="login", quantity=quantity, events=1)
    data = client.get("/api/v1/customers/acme/usage").json()["data"]
    assert data["totals"] == {"login": 12}
    assert [row["quantity"] for row in data["days"]] == [7, 5]
    assert client.get("/api/v1/customers/acme/usage?days=31").json()["data"]["totals"] == {"login": 112}


@pytest.mark.parametrize("days", ["0", "401", "x", "-1", "1e3", "²", "9" * 5000, ""])
def test_wrong_days_are_refused(client: APIClient, days: str) -> None:
    make_customer()
    assert client.get(f"/api/v1/customers/acme/usage?days={days}").status_code == 400


def test_a_thousand_events_take_as_many_statements_as_one(client: APIClient) -> None:
    make_customer()
    post(client, "/api/v1/events/", {"events": []})

    def statements(count: int) -> int:
        body = {"events": [event(id=f"{count}-{number}") for number in range(count)]}
        with CaptureQueriesContext(connection) as queries:
            assert post(client, "/api/v1/events/", body)[1]["data"]["accepted"] == count
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    assert statements(1000) == statements(1) == 3  # the key, its rate, the events
