"""messaging.deliver on the real kernel and database with a scripted mail server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from apps.core.modes import RunMode
from apps.customers.models import Customer
from apps.messaging.actions import NewMail, queue_again, queue_mail, suppress, unsubscribe
from apps.messaging.models import OutboxMessage, Suppression
from apps.runs.models import Alert, Effect, EvolutionEntry
from workers.gateways.scripted_mail import AnswerLost, ScriptedMail
from workers.kernel.testing import run_in, run_once, simulate
from workers.messaging.deliver_outbox import DeliverOutbox
from workers.messaging.hold_back import HoldBack
from workers.ports import Refused, Unavailable

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def customer(number: int = 1, **fields: Any) -> Customer:
    values = {"name": "Ada", "email": f"ada{number}@example.com", "plan": "studio", "signed_up_at": NOW}
    return Customer.objects.create(external_id=f"c{number}", **{**values, **fields})


def mail(number: int = 1, **fields: Any) -> NewMail:
    values: dict[str, Any] = {
        "template": "payment_failed_1",
        "customer_id": None,
        "to": f"ada{number}@example.com",
        "context": {"amount": "99.00 USD"},
        "dedupe_key": f"test:{number}",
    }
    return NewMail(**{**values, **fields})


def offer(number: int = 1, **fields: Any) -> NewMail:
    return mail(number, template="win_back_discount", message_class="marketing", context={}, **fields)


def the_message() -> OutboxMessage:
    return OutboxMessage.objects.get()


def test_a_due_message_is_sent_and_recorded() -> None:
    ada = customer()
    queue_mail([mail(customer_id=ada.id)], NOW)
    server = ScriptedMail()
    run = run_once(DeliverOutbox, now=NOW, mail=server)
    row = the_message()
    assert (run.acted, row.status, row.sent_at) == (1, "sent", NOW)
    assert row.provider_response == "250 2.0.0 Kept as 1"
    arrived = message_from_bytes(server.deliveries[0].message.raw, policy=default)
    assert arrived["Message-ID"] == row.message_id
    assert arrived["To"] == "ada1@example.com"
    assert arrived["List-Unsubscribe"] is None
    text = arrived.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Hi Ada," in text
    assert "your studio plan" in text
    assert Effect.objects.get().key == f"mail:{row.id}:0" == row.effect_key
    assert not EvolutionEntry.objects.exists()  # one entry a mail would bury everything else


def test_a_second_run_finds_nothing() -> None:
    queue_mail([mail(n) for n in range(3)], NOW)
    server = ScriptedMail()
    run_once(DeliverOutbox, now=NOW, mail=server)
    again = run_once(DeliverOutbox, now=NOW + timedelta(minutes=1), mail=server)
    assert again.seen == 0
    assert len(server.deliveries) == 3


def test_not_before_it_is_due() -> None:
    queue_mail([mail(due_at=NOW + timedelta(hours=1))], NOW)
    server = ScriptedMail()
    assert run_once(DeliverOutbox, now=NOW + timedelta(minutes=59), mail=server).seen == 0
    assert run_once(DeliverOutbox, now=NOW + timedelta(minutes=60), mail=server).acted == 1


def test_a_dry_run_sends_nothing_and_changes_nothing() -> None:
    queue_mail([mail()], NOW)
    server = ScriptedMail()
    run_once(DeliverOutbox, now=NOW, mail=server, mode=RunMode.DRY_RUN)
    assert server.deliveries == []
    assert the_message().status == "queued"


def test_unavailable_is_tried_again_under_the_same_message_id() -> None:
    queue_mail([mail()], NOW)
    server = ScriptedMail()
    server.next_answers(Unavailable("RCPT: 451 4.3.0 later"), Unavailable("CONNECT: no"))
    run_once(DeliverOutbox, now=NOW, mail=server)
    assert the_message().status == "queued"
    assert run_once(DeliverOutbox, now=NOW + timedelta(seconds=59), mail=server).acted == 0
    run_once(DeliverOutbox, now=NOW + timedelta(minutes=1), mail=server)
    run_once(DeliverOutbox, now=NOW + timedelta(minutes=10), mail=server)
    assert [one.message.message_id for one in server.deliveries] == [the_message().message_id]
    assert the_message().status == "sent"


def test_a_retry_looks_at_suppression_again() -> None:
    ada = customer(marketing_consent=True)
    queue_mail([offer(customer_id=ada.id, to=ada.email)], NOW)
    server = ScriptedMail()
    server.next_answers(Unavailable("RCPT: 451"))
    run_once(DeliverOutbox, now=NOW, mail=server)
    unsubscribe(ada.email, ada.id, now=NOW)
    run_once(DeliverOutbox, now=NOW + timedelta(hours=1), mail=server)
    run_once(HoldBack, now=NOW + timedelta(hours=1))
    assert server.deliveries == []
    assert the_message().status == "suppressed"


def test_given_up_after_eight_tries() -> None:
    queue_mail([mail()], NOW)
    server = ScriptedMail()
    now = NOW
    for _ in range(8):
        server.next_answers(Unavailable("CONNECT: refused"))
        run_once(DeliverOutbox, now=now, mail=server)
        now += timedelta(hours=6, minutes=1)
    row = the_message()
    assert (row.status, row.reason, row.settled_at is not None) == ("failed", "CONNECT: refused", True)
    run_once(DeliverOutbox, now=now, mail=server)
    assert server.deliveries == []


@pytest.mark.parametrize(
    ("error", "suppressed"),
    [
        ("RCPT: 550 5.1.1 No such user", True),
        ("RCPT: 550 5.7.1 Blocked by policy", False),
        ("DATA: 554 spam", False),
    ],
)
def test_refused_is_final_and_a_dead_mailbox_is_suppressed(error: str, suppressed: bool) -> None:
    queue_mail([mail(1), mail(2)], NOW)
    server = ScriptedMail()
    server.next_answers(Refused(error))
    run_once(DeliverOutbox, now=NOW, mail=server)
    first, second = OutboxMessage.objects.order_by("id")
    assert (first.status, first.reason, second.status) == ("failed", error, "sent")
    assert Suppression.objects.filter(address="ada1@example.com", scope="all").exists() is suppressed
    queue_mail([mail(3, to="ADA1@example.com")], NOW)
    run_once(DeliverOutbox, now=NOW + timedelta(days=1), mail=server)
    assert len(server.deliveries) == (1 if suppressed else 2)


def test_transactional_in_doubt_is_repeated_marketing_is_not() -> None:
    ada = customer(marketing_consent=True)
    queue_mail([mail(1), offer(2, customer_id=ada.id)], NOW)
    server = ScriptedMail()
    server.next_answers(AnswerLost("after DATA: cut"), AnswerLost("after DATA: cut"))
    simulation = simulate([DeliverOutbox], now=NOW, mail=server)
    run_in(simulation, DeliverOutbox.name)
    simulation.clock.now = NOW + timedelta(hours=1)
    simulation.tick()
    bill, advert = OutboxMessage.objects.order_by("id")
    assert [m.message_id for m in server.to("ada1@example.com")] == [bill.message_id] * 2
    assert len(server.to("ada2@example.com")) == 1
    assert (bill.status, advert.status) == ("sent", "unknown")
    assert advert.reason


def test_marketing_needs_consent_and_says_why_not() -> None:
    ada, bob = customer(1), customer(2, marketing_consent=True)
    queue_mail([offer(1, customer_id=ada.id), offer(2, customer_id=bob.id), offer(3)], NOW)
    server = ScriptedMail()
    run = run_once(DeliverOutbox, now=NOW, mail=server)
    assert [one.message.to for one in server.deliveries] == ["ada2@example.com"]
    assert run.skip_reasons == {"no consent to marketing": 2}
    held = run_once(HoldBack, now=NOW)
    assert held.counts["suppressed"] == 2
    reasons = OutboxMessage.objects.exclude(status="sent").values_list("status", "reason")
    assert set(reasons) == {("suppressed", "no consent to marketing")}


def test_marketing_carries_a_one_click_unsubscribe() -> None:
    ada = customer(marketing_consent=True)
    queue_mail([offer(customer_id=ada.id, to=ada.email)], NOW)
    server = ScriptedMail()
    run_once(DeliverOutbox, now=NOW, mail=server)
    arrived = message_from_bytes(server.deliveries[0].message.raw, policy=default)
    link = str(arrived["List-Unsubscribe"]).strip("<>")
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.startswith("https://apex.example/unsubscribe/")
    body = arrived.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert link in body


def test_a_marketing_template_is_marketing_whatever_the_caller_says() -> None:
    queue_mail([mail(template="win_back_discount", message_class="transactional")], NOW)
    assert the_message().message_class == "marketing"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"context": {}}, "payment_failed_1: amount is missing"),
        ({"context": {"amount": ""}}, "payment_failed_1: amount is missing"),
        ({"context": {"amount": "1 USD", "pay_url": "javascript:x"}}, "pay_url is no web or mail address"),
        ({"template": "no_such"}, "no_such: there is no template called no_such"),
        ({"template": "../mail/welcome"}, "there is no template called"),
        ({"to": "nobody"}, "is no e-mail address"),
    ],
)
def test_an_incomplete_message_is_blocked_with_an_alert(fields: dict[str, Any], reason: str) -> None:
    queue_mail([mail(1, **fields), mail(2)], NOW)
    server = ScriptedMail()
    run_once(DeliverOutbox, now=NOW, mail=server)
    run_once(HoldBack, now=NOW)
    row = OutboxMessage.objects.order_by("id")[0]
    assert row.status == "blocked"
    assert reason in row.reason
    assert len(server.deliveries) == 1
    alert = Alert.objects.get()
    assert reason in alert.detail


def test_a_blocked_message_can_be_queued_again() -> None:
    queue_mail([mail(context={})], NOW)
    server = ScriptedMail()
    run_once(HoldBack, now=NOW)
    OutboxMessage.objects.update(context={"amount": "1 USD"})
    assert queue_again([the_message().id], now=NOW) == 1
    run_once(DeliverOutbox, now=NOW, mail=server)
    assert the_message().status == "sent"
    assert Effect.objects.get().key.endswith(":1")
    assert queue_again([the_message().id], now=NOW) == 0  # what was sent is not sent again


def test_suppression_of_everything_also_stops_transactional() -> None:
    queue_mail([mail()], NOW)
    suppress({"ADA1@example.com": "asked on the phone"}, "manual", "all", now=NOW)
    server = ScriptedMail()
    run_once(DeliverOutbox, now=NOW, mail=server)
    run_once(HoldBack, now=NOW)
    assert server.deliveries == []
    assert the_message().reason == "address suppressed: manual"


def test_a_whole_page_takes_a_fixed_number_of_queries(django_assert_max_num_queries: Any) -> None:
    queue_mail([mail(n) for n in range(160)], NOW)
    server = ScriptedMail()
    simulation = simulate([DeliverOutbox], now=NOW, mail=server)
    with django_assert_max_num_queries(200):
        run_in(simulation, DeliverOutbox.name)
    assert len(server.deliveries) == 160
