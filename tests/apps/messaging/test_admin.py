"""The operator's pages about e-mail, empty and filled."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from apps.messaging.actions import NewMail, mark_not_sent, queue_mail
from apps.messaging.compose.source import names
from apps.messaging.models import OutboxMessage, Suppression

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OUTBOX = "admin:messaging_outboxmessage_changelist"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", "o@example.com", "x"))
    return client


def queue(context: dict[str, str]) -> OutboxMessage:
    queue_mail([NewMail("payment_failed_1", None, "ada@example.com", context, "k1")], NOW)
    return OutboxMessage.objects.get()


def page(message: OutboxMessage) -> str:
    return reverse("admin:messaging_outboxmessage_change", args=[message.pk])


def test_the_outbox_empty_and_filled(operator: Client) -> None:
    assert operator.get(reverse(OUTBOX)).status_code == 200
    queue({"amount": "99.00 USD"})
    answer = operator.get(reverse(OUTBOX), {"status": "queued", "q": "ada@"})
    assert b"ada@example.com" in answer.content


def test_a_message_is_shown_in_a_sandbox_and_escaped(operator: Client) -> None:
    message = queue({"amount": "<script>alert(1)</script>"})
    content = operator.get(page(message)).content.decode()
    assert "<iframe sandbox " in content
    assert "<script>alert(1)" not in content


def test_the_dark_preview_is_dark_in_daylight_too(operator: Client) -> None:
    preview = operator.get(page(queue({"amount": "99.00 USD"}))).content.decode()
    light, dark = preview.split("In the dark")
    assert "prefers-color-scheme: dark" in light
    assert "@media all" not in light
    assert "prefers-color-scheme: dark" not in dark
    assert dark.count("@media all") == 2  # on a screen, on a phone


def test_a_message_that_cannot_be_built_says_why(operator: Client) -> None:
    message = queue({})
    assert b"amount is missing" in operator.get(page(message)).content


def test_queue_again_is_a_post_and_only_for_what_was_not_sent(operator: Client) -> None:
    message = queue({"amount": "1 USD"})
    again = reverse("admin:messaging_message_again", args=[message.pk])
    assert operator.get(again).status_code == 405
    operator.post(again)
    message.refresh_from_db()
    assert message.generation == 0
    mark_not_sent([(message.pk, "blocked", "no amount")], now=NOW)
    operator.post(again)
    message.refresh_from_db()
    assert (message.status, message.generation) == ("queued", 1)


def test_the_catalogue_shows_every_template(operator: Client) -> None:
    content = operator.get(reverse("admin:messaging_templates")).content.decode()
    for name in names():
        assert name in content
        shown = operator.get(reverse("admin:messaging_template", args=[name]))
        assert shown.status_code == 200
        assert b"<iframe sandbox " in shown.content
    assert operator.get(reverse("admin:messaging_template", args=["no_such"])).status_code == 404


def test_the_operator_can_suppress_an_address(operator: Client) -> None:
    add = reverse("admin:messaging_suppression_add")
    operator.post(add, {"address": "not an address", "scope": "all", "detail": ""})
    assert not Suppression.objects.exists()
    operator.post(add, {"address": " Ada@Example.com ", "scope": "all", "detail": "asked by phone"})
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.scope) == ("ada@example.com", "manual", "all")
    assert operator.get(reverse("admin:messaging_suppression_changelist")).status_code == 200


@pytest.mark.parametrize(
    "name", [OUTBOX, "admin:messaging_templates", "admin:messaging_suppression_changelist"]
)
def test_nobody_else_gets_in(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 302
