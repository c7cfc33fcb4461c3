"""GET /health and GET /metrics on the real database and Redis."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from apps.core.clock import utc_now
from apps.runs.models import Heartbeat

pytestmark = pytest.mark.django_db


def tick(seconds_ago: float) -> None:
    moment = utc_now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(name="tick", at=moment)


@pytest.fixture
def redis_settings(settings: Settings, redis_url: str) -> Settings:
    settings.REDIS_URL = redis_url
    return settings


def test_all_is_well(client: Client, redis_settings: Settings) -> None:
    tick(20)
    answer = client.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["database"], body["redis"]) == ("ok", "ok", "ok")
    assert 20 <= body["last_tick_age_seconds"] < 180


@pytest.mark.parametrize("age", [None, 3600])
def test_without_a_recent_tick_it_is_degraded_but_up(
    client: Client, redis_settings: Settings, age: float | None
) -> None:
    if age is not None:
        tick(age)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def test_without_redis_it_is_down_and_says_which_part(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/health")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["redis"]) == ("ok", "unreachable")


def test_metrics_are_for_this_host(client: Client) -> None:
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200
    assert b"# TYPE" in answer.content


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Bearer ", "right-token"])
def test_metrics_are_refused_to_others(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = "right-token"
    answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION=given)
    assert answer.status_code == 401


def test_an_empty_token_opens_nothing(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer ").status_code == 401


def test_metrics_are_given_for_the_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "right-token"
    answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer right-token")
    assert answer.status_code == 200


def test_a_proxy_on_this_host_is_not_this_host(client: Client) -> None:
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/admin/login/"])
def test_pages_for_everybody_open(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_root_leads_to_the_admin(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"
