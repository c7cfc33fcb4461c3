from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from apps.access.actions import count_request, issue_key, revoke_key
from apps.access.models import ApiKey

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
LIST = "/api/v1/customers/"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def get(token: str, path: str = LIST) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"})


def test_a_key_opens_what_its_scopes_allow() -> None:
    token = issue_key("reader", ["customers:read"], NOW).token
    assert get(token).status_code == 200
    answer = Client().post(
        LIST,
        {"external_id": "a"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403
    assert answer.json() == {
        "success": False,
        "message": "This needs the scope customers:write",
        "data": None,
    }


def test_the_secret_is_stored_nowhere() -> None:
    token = issue_key("reader", ["customers:read"], NOW).token
    secret = token.removeprefix("apex_")[9:]
    assert all(secret not in str(value) for row in ApiKey.objects.values() for value in row.values())


@pytest.mark.parametrize("change", ["secret", "prefix", "short", "empty"])
def test_a_wrong_key_is_401_with_one_and_the_same_sentence(change: str) -> None:
    token = issue_key("reader", ["customers:read"], NOW).token
    wrong = {
        "secret": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "prefix": "apex_00000000" + token[13:],
        "short": token[:20],
        "empty": "apex_",
    }[change]
    answer = get(wrong)
    assert answer.status_code == 401
    assert answer.json()["message"] == "This API key is not known"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_key_the_door_is_closed() -> None:
    answer = Client().get(LIST)
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_a_revoked_and_an_expired_key_say_so() -> None:
    issued = issue_key("a", ["customers:read"], NOW)
    assert revoke_key(issued.key.pk, NOW)
    assert not revoke_key(issued.key.pk, NOW)
    assert get(issued.token).json()["message"] == "This API key was revoked on 2026-11-21"
    ended = issue_key("b", ["customers:read"], NOW, expires_at=NOW)
    assert get(ended.token).status_code == 401


def test_last_used_is_written_once_a_minute(clock: Any) -> None:
    issued = issue_key("a", ["customers:read"], NOW)
    for seconds, expected in ((0, 0), (59, 0), (60, 60), (61, 60)):
        clock.move_to(NOW + timedelta(seconds=seconds))
        get(issued.token)
        assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=expected)


def test_past_its_rate_a_key_waits_for_the_next_minute(clock: Any) -> None:
    issued = issue_key("a", ["customers:read"], NOW, rate_per_minute=2)
    other = issue_key("b", ["customers:read"], NOW)
    assert [get(issued.token).status_code for _ in range(3)] == [200, 200, 429]
    answer = get(issued.token)
    assert answer.headers["Retry-After"] == "30"
    assert answer.json()["success"] is False
    assert get(other.token).status_code == 200
    clock.move_to(NOW + timedelta(seconds=30))
    assert get(issued.token).status_code == 200


def test_a_clock_that_runs_behind_does_not_reset_the_count() -> None:
    key = issue_key("a", ["customers:read"], NOW).key
    assert [count_request(key.pk, NOW), count_request(key.pk, NOW - timedelta(minutes=1))] == [1, 2]


def test_keys_work_while_the_cache_is_away(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert get(issue_key("a", ["customers:read"], NOW).token).status_code == 200


def test_operators_read_by_their_session_and_only_superusers_change() -> None:
    client = Client()
    client.force_login(
        User.objects.create_user("staff", is_staff=True), "django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(LIST).status_code == 200
    assert client.post(LIST, {"external_id": "a"}, content_type="application/json").status_code == 403
    client.force_login(User.objects.create_user("guest"), "django.contrib.auth.backends.ModelBackend")
    assert client.get(LIST).status_code == 403
    client.force_login(User.objects.create_superuser("boss"), "django.contrib.auth.backends.ModelBackend")
    assert client.post(LIST, {"external_id": "a"}, content_type="application/json").status_code == 200


def test_the_command_prints_a_key_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "crm", "--scope", "customers:read", "--days", "3")
    assert get(capsys.readouterr().out.strip()).status_code == 200
    assert ApiKey.objects.get().expires_at == NOW + timedelta(days=3)


@pytest.mark.parametrize(
    "arguments", [[], ["--scope", "moon:read"], ["--scope", "events:read", "--rate", "0"]]
)
def test_the_command_refuses_what_makes_no_sense(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_api_key", "crm", *arguments)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("fields", [{"digest": "x"}, {"rate_per_minute": 0}, {"scopes": []}])
def test_the_database_itself_refuses_what_cannot_be(fields: dict[str, Any]) -> None:
    row = {
        "name": "a",
        "prefix": "00000000",
        "digest": "0" * 64,
        "scopes": ["a"],
        "created_at": NOW,
        **fields,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(**row)
