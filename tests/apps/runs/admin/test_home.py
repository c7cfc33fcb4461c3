"""The Monday page: what it shows when there is nothing, something and very much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.clock import utc_now
from apps.runs import actions, weekly
from apps.runs.models import Proposal
from apps.runs.weekly import SummaryLine
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def registered() -> Iterator[None]:
    """A source of lines that is taken out again."""

    def lines(since: datetime, now: datetime) -> list[SummaryLine]:
        days = (now - since).days
        return [SummaryLine("Recovered", "1,240.00 USD", f"in {days} days", url="/money/", tone="good")]

    weekly.register_summary(lines)
    weekly.register_summary(lines)
    yield
    weekly._summaries.remove(lines)


def test_nothing_waits_on_an_empty_database(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "Nothing waits for you." in page
    assert "Nothing failed this week." in page
    assert "The scheduler has never ticked." in page


def test_a_proposal_shows_why_it_waits_what_it_brings_and_the_way_back(admin_client: Client) -> None:
    rows.automation()
    rows.proposal()
    page = admin_client.get(reverse("admin:index")).content.decode()
    for text in (
        "Index number 1",
        "Confidence 0.78 and risk 0.12 are outside the line.",
        "2,340 ms",
        "2,300 ms less a call.",
        "DROP INDEX CONCURRENTLY",
        "0.78, more likely than not",
        "0.12, low",
        'name="param-columns" value="customer_id"',
    ):
        assert text in page


def test_what_an_operator_typed_is_text_and_not_markup(admin_client: Client) -> None:
    rows.proposal(title="<script>alert(1)</script>", evidence={"<b>": "<img src=x>"})
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_decided_and_snoozed_proposals_are_not_on_it(admin_client: Client) -> None:
    rows.proposal(1, status="approved")
    rows.proposal(2, status="snoozed", snoozed_until=rows.NOW + timedelta(days=400))
    rows.proposal(3, status="rejected")
    assert "Nothing waits for you." in admin_client.get(reverse("admin:index")).content.decode()


def test_a_healthy_system_says_so(admin_client: Client) -> None:
    rows.ticking(utc_now())
    response = admin_client.get(reverse("admin:index"))
    assert response.context["health"].score == 100
    assert "Nothing drags it down." in response.content.decode()


def test_what_failed_is_named_with_its_buttons(admin_client: Client) -> None:
    rows.automation()
    now = utc_now()
    rows.run(state="failed", error="connection refused", created_at=now, slot=now)
    rows.effect("charge:in_1", state="doubt", error="no answer within 30 s")
    rows.effect("charge:in_2", state="dead", error="503 five times")
    response = admin_client.get(reverse("admin:index"))
    page = response.content.decode()
    for text in (
        "connection refused",
        "charge:in_1",
        "It was done",
        "It was not done",
        "Try again",
        "given up",
    ):
        assert text in page
    assert [drag.points for drag in response.context["health"].drags] == [40, 5, 3, 3]


def test_a_failure_that_was_followed_by_a_good_run_drags_no_more(admin_client: Client) -> None:
    now = utc_now()
    rows.run(state="failed", created_at=now - timedelta(minutes=15), slot=now - timedelta(minutes=15))
    rows.run(state="done", created_at=now, slot=now)
    assert admin_client.get(reverse("admin:index")).context["standing"].failing == {}


def test_the_weeks_changes_are_apexs_own(admin_client: Client) -> None:
    now = utc_now()
    rows.logged(timestamp=now, success=True, effect_key="index:1")
    rows.logged(timestamp=now, success=False, effect_key="index:2")
    rows.logged(timestamp=now, success=None, effect_key="index:3")
    rows.logged(timestamp=now, success=True, effect_key="")
    rows.logged(timestamp=now, success=True, effect_key="")
    rows.logged(timestamp=now - timedelta(days=8), success=True, effect_key="index:4")
    actions.emergency_stop("operator", now, "")
    changes = admin_client.get(reverse("admin:index")).context["changes"]
    assert [(change.change_type, change.total, change.good, change.bad) for change in changes] == [
        ("create_index", 5, 3, 1)
    ]


def test_a_watched_change_counts_once_and_as_it_turned_out(admin_client: Client) -> None:
    now = utc_now()
    for key, success in (("index:1", False), ("index:2", True)):
        rows.logged(timestamp=now - timedelta(hours=2), success=None, effect_key=key)
        rows.logged(timestamp=now, change_type="outcome:create_index", success=success, effect_key=key)
    changes = admin_client.get(reverse("admin:index")).context["changes"]
    assert [(change.change_type, change.total, change.good, change.bad) for change in changes] == [
        ("create_index", 2, 1, 1)
    ]


@pytest.mark.usefixtures("registered")
def test_each_app_contributes_its_lines_once(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:index")).content.decode()
    assert page.count("1,240.00 USD") == 1
    assert "in 7 days" in page
    assert 'href="/money/"' in page


def test_ten_thousand_waiting_cost_what_twenty_do(
    admin_client: Client, django_assert_max_num_queries
) -> None:
    rows.automation()
    Proposal.objects.bulk_create([rows.unsaved_proposal(number) for number in range(10_000)])
    with django_assert_max_num_queries(34) as few:
        response = admin_client.get(reverse("admin:index"))
    assert len(response.context["cards"]) == 20
    assert "1,000+" in response.content.decode()
    Proposal.objects.filter(subject_id__gte=20).delete()
    with django_assert_max_num_queries(len(few)):
        admin_client.get(reverse("admin:index"))


def test_a_reader_sees_no_buttons(client: Client) -> None:
    rows.proposal()
    rows.effect("charge:in_1", state="doubt")
    client.force_login(rows.reader())
    page = client.get(reverse("admin:index")).content.decode()
    assert "Index number 1" in page
    assert 'method="post"' not in page.replace(f'method="post" action="{reverse("admin:logout")}"', "")


def test_the_emergency_stop_stands_on_every_page(admin_client: Client) -> None:
    actions.emergency_stop("operator", rows.NOW, "the demo went wrong")
    for name in ("index", "runs_automationentry_changelist", "runs_run_changelist", "auth_user_changelist"):
        page = admin_client.get(reverse(f"admin:{name}")).content.decode()
        assert "Emergency stop: nothing acts." in page
        assert "the demo went wrong" in page
        assert reverse("admin:runs_resume") in page
