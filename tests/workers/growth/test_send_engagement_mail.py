"""growth.send_engagement_mail on the real kernel and database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.growth.models import Intervention
from apps.messaging.models import OutboxMessage
from apps.runs.models import Run
from tests.workers.growth.world import DAY, NOW, customer, score, the_intervention
from workers.growth.send_engagement_mail import SendEngagementMail
from workers.kernel.testing import run_once

pytestmark = pytest.mark.django_db
KIND = "engagement_mail"


def send(now: object = NOW) -> Run:
    return run_once(SendEngagementMail, now=now)  # type: ignore[arg-type]


def test_a_mail_with_the_tip_that_fits() -> None:
    ada = customer(KIND)
    score(ada, 50.0)
    assert send().acted == 1
    row = the_intervention()
    assert (row.kind, row.arm, row.cost_minor, row.closes_at) == (KIND, "treated", 0, NOW + 30 * DAY)
    mail = OutboxMessage.objects.get()
    assert (mail.template, mail.to, mail.message_class) == ("engagement_tips", ada.email, "marketing")
    assert "use less than before" in str(mail.context["tip"])


@pytest.mark.parametrize(("value", "acted"), [(39.99, 0), (40.0, 1), (60.0, 1), (60.01, 0)])
def test_from_40_to_60_both_included(value: float, acted: int) -> None:
    score(customer(KIND), value)
    assert send().acted == acted


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"marketing_consent": False}, "no consent to marketing mail"),
        ({"email": ""}, "no mail address"),
        ({"status": "past_due"}, "a payment is being recovered; that comes first"),
    ],
)
def test_who_is_not_written_to_and_why(fields: dict[str, object], reason: str) -> None:
    score(customer(KIND, **fields), 50.0)
    run = send()
    assert (run.acted, run.skip_reasons, OutboxMessage.objects.count()) == (0, {reason: 1}, 0)


def test_who_cancelled_since_is_not_even_looked_at() -> None:
    score(customer(KIND, status="canceled"), 50.0)
    assert send().seen == 0


def test_the_hold_out_gets_none() -> None:
    score(customer(KIND, left_alone=True), 50.0)
    assert send().skip_reasons == {"in the hold-out: left alone, to compare with": 1}


def test_twice_the_same_day_is_one_mail() -> None:
    score(customer(KIND), 50.0)
    send()
    assert send(NOW + timedelta(hours=1)).skip_reasons == {"another intervention is open": 1}
    assert OutboxMessage.objects.count() == 1


@pytest.mark.parametrize(("days", "acted"), [(29, 0), (30, 1)])
def test_again_after_30_days(days: int, acted: int) -> None:
    ada = customer(KIND)
    score(ada, 50.0)
    send()
    Intervention.objects.update(state="closed", outcome="kept", closed_at=NOW + 20 * DAY)
    score(ada, 50.0, at=NOW + days * DAY)
    assert send(NOW + days * DAY).acted == acted
    assert OutboxMessage.objects.count() == 1 + acted


@pytest.mark.parametrize(("hours", "acted"), [(36, 1), (37, 0)])
def test_a_stale_score_is_not_acted_upon(hours: int, acted: int) -> None:
    score(customer(KIND), 50.0)
    run = send(NOW + timedelta(hours=hours))
    assert run.acted == acted
    assert acted or run.skip_reasons == {"the score is older than 36 hours": 1}


def test_only_the_newest_day_counts() -> None:
    ada = customer(KIND)
    score(ada, 50.0, at=NOW - DAY)
    score(ada, 90.0)
    assert send().seen == 0


def test_a_score_about_payments_only_says_nothing_about_engagement() -> None:
    score(customer(KIND), 50.0, known=["payment"])
    assert send().skip_reasons == {"nothing is known about usage or activity": 1}


def test_pages_cover_everybody_once() -> None:
    for ident in range(1, 1202):
        score(customer(ident=ident), 50.0)
    run = send()
    assert run.seen == 1201
    assert run.acted + run.skipped == 1201
    assert OutboxMessage.objects.count() == Intervention.objects.count() == run.acted
    assert run.acted > 1000
