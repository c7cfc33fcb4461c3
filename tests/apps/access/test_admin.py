import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from apps.access.models import ApiKey

pytestmark = pytest.mark.django_db
NEW = "/admin/access/apikey/new/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"), "django.contrib.auth.backends.ModelBackend")
    return client


def make(operator: Client) -> tuple[ApiKey, str]:
    answer = operator.post(NEW, {"name": "crm", "scopes": ["customers:read"], "rate_per_minute": 60})
    token = re.search(r"apex_[0-9a-f]{8}_[\w-]{43}", answer.content.decode())
    assert token is not None
    assert "no-store" in answer.headers["Cache-Control"]
    return ApiKey.objects.get(), token[0]


def test_a_new_key_is_shown_once_and_works(operator: Client) -> None:
    key, token = make(operator)
    assert key.created_by == "operator"
    assert Client().get("/api/v1/customers/", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    for path in ("/admin/access/apikey/", f"/admin/access/apikey/{key.pk}/change/"):
        page = operator.get(path)
        assert page.status_code == 200
        assert token not in page.content.decode()


def test_a_key_needs_a_scope(operator: Client) -> None:
    operator.post(NEW, {"name": "crm", "rate_per_minute": 60})
    assert not ApiKey.objects.exists()


def test_revoking_is_a_post_and_takes_effect_at_once(operator: Client) -> None:
    key, token = make(operator)
    revoke = f"/admin/access/apikey/{key.pk}/revoke/"
    assert operator.get(revoke).status_code == 405
    assert operator.post(revoke).status_code == 302
    assert Client().get("/api/v1/customers/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_who_may_not_change_keys_neither_makes_nor_revokes(operator: Client) -> None:
    key, _ = make(operator)
    other = Client()
    other.force_login(
        User.objects.create_user("staff", is_staff=True), "django.contrib.auth.backends.ModelBackend"
    )
    assert other.get(NEW).status_code == 403
    assert other.post(f"/admin/access/apikey/{key.pk}/revoke/").status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None
