"""may_send and mailbox_is_gone at their edges; no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.core.decision import Verdict
from apps.messaging.policy import OutboxFacts, mailbox_is_gone, may_send

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = OutboxFacts(
    subject_id=1,
    customer_id=7,
    generation=0,
    message_class="transactional",
    template="welcome",
    locale="en",
    to="ada@example.com",
    message_id="<1@apex.example>",
    due_at=NOW,
    suppressed="",
    consent=False,
    problem="",
    context={},
)
OFFER = replace(FACTS, message_class="marketing", consent=True)


@pytest.mark.parametrize("facts", [FACTS, OFFER, replace(FACTS, due_at=NOW - timedelta(days=400))])
def test_sends_what_is_due_wanted_and_complete(facts: OutboxFacts) -> None:
    decision = may_send(facts, now=NOW)
    assert decision.verdict is Verdict.ACT
    assert not decision.judged  # a queued message is the operator's own plan; it does not wait for approval


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        (replace(FACTS, suppressed="bounced"), "suppressed", "address suppressed: bounced"),
        (replace(OFFER, suppressed="unsubscribed"), "suppressed", "address suppressed: unsubscribed"),
        (replace(OFFER, consent=False), "suppressed", "no consent to marketing"),
        (replace(FACTS, problem="amount is missing"), "blocked", "welcome: amount is missing"),
        (replace(OFFER, problem="x", suppressed="bounced", consent=False), "blocked", "welcome: x"),
    ],
)
def test_holds_back_with_the_reason(facts: OutboxFacts, status: str, reason: str) -> None:
    decision = may_send(facts, now=NOW)
    assert (decision.verdict, decision.params["status"], decision.reason) == (Verdict.SKIP, status, reason)


@pytest.mark.parametrize(("before", "sends"), [(0, True), (2, True), (3, False), (4, False)])
def test_a_customer_gets_three_marketing_messages_a_week_and_every_receipt(before: int, sends: bool) -> None:
    offer = may_send(replace(OFFER, marketing_before=before, weekly_cap=3), now=NOW)
    assert (offer.verdict is Verdict.ACT) is sends
    if not sends:
        assert offer.reason == "weekly cap: 3 marketing messages in seven days"
    receipt = may_send(replace(FACTS, marketing_before=before, weekly_cap=3), now=NOW)
    assert receipt.verdict is Verdict.ACT


def test_a_moment_before_it_is_due_it_waits_and_stays_queued() -> None:
    early = replace(FACTS, due_at=NOW + timedelta(microseconds=1), problem="amount is missing")
    decision = may_send(early, now=NOW)
    assert decision.verdict is Verdict.SKIP
    assert "status" not in decision.params


def test_consent_is_not_asked_for_about_the_account() -> None:
    assert may_send(replace(FACTS, consent=False), now=NOW).verdict is Verdict.ACT


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        ("RCPT: 550 5.1.1 No such user", True),
        ("RCPT: 553 5.1.3 bad syntax", True),
        ("RCPT: 550 5.2.1 mailbox disabled", True),
        ("RCPT: 550 User unknown in virtual mailbox table", True),
        ("RCPT: 550 5.7.1 blocked; user unknown to our list", False),
        ("RCPT: 552 5.2.2 mailbox full", False),
        ("RCPT: 550 5.1.10 null MX", True),
        ("RCPT: 550 5.1.11 something else", False),
        ("RCPT: 550 rejected", False),
        ("RCPT: 451 4.1.1 user unknown for now", False),
        ("MAIL: 550 5.1.1 sender unknown", False),
        ("DATA: 550 5.1.1 no such user", False),
        ("after DATA: the server hung up", False),
        ("", False),
    ],
)
def test_a_mailbox_is_gone_only_when_the_server_says_so_of_the_recipient(error: str, gone: bool) -> None:
    assert mailbox_is_gone(error) is gone
