"""Every change is a POST that is permitted, answered by one sentence, and nothing else changes anything."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.runs.models import Alert, AutomationEntry, Effect, EvolutionEntry, Proposal, Run
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.django_db
DECIDE = "admin:runs_proposal_decide"


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_approving_several_at_once(admin_client: Client) -> None:
    ids = [rows.proposal(number).id for number in (1, 2)]
    untouched = rows.proposal(3)
    response = admin_client.post(reverse(DECIDE), {"verb": "approve", "ids": ids})
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:index")
    assert said(response) == ["2 proposals approved. Apex applies it within a minute."]
    assert set(Proposal.objects.filter(id__in=ids).values_list("status", "reviewed_by")) == {
        ("approved", "admin")
    }
    untouched.refresh_from_db()
    assert untouched.status == "pending"


def test_rejecting_keeps_the_note(admin_client: Client) -> None:
    row = rows.proposal()
    admin_client.post(
        reverse(DECIDE), {"verb": "reject", "ids": [row.id], "note": " the table is dropped soon "}
    )
    row.refresh_from_db()
    assert (row.status, row.review_notes) == ("rejected", "the table is dropped soon")


@pytest.mark.parametrize(
    ("post", "sentence"),
    [
        ({"verb": "reject", "note": "  "}, "A rejection needs a note"),
        ({"verb": "snooze", "days": "0"}, "Snooze for 1, 3, 7 or 30 days."),
        ({"verb": "explode"}, "Choose what to do"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    admin_client: Client, post: dict[str, str], sentence: str
) -> None:
    row = rows.proposal()
    response = admin_client.post(reverse(DECIDE), {**post, "ids": [row.id]})
    assert sentence in said(response)[0]
    row.refresh_from_db()
    assert row.status == "pending"


def test_nothing_selected_and_mangled_ids_are_said(admin_client: Client) -> None:
    assert said(admin_client.post(reverse(DECIDE), {"verb": "approve", "ids": ["nonsense"]})) == [
        "Nothing was selected."
    ]


def test_somebody_was_faster(admin_client: Client) -> None:
    row = rows.proposal(status="rejected")
    response = admin_client.post(reverse(DECIDE), {"verb": "approve", "ids": [row.id, uuid4()]})
    assert said(response) == ["2 had already been decided and were left alone."]
    row.refresh_from_db()
    assert row.status == "rejected"


def test_snoozing_comes_back(admin_client: Client) -> None:
    row = rows.proposal()
    admin_client.post(reverse(DECIDE), {"verb": "snooze", "ids": [row.id], "days": "7"})
    row.refresh_from_db()
    assert row.status == "snoozed"
    assert row.snoozed_until is not None
    assert row.reviewed_at is not None
    assert (row.snoozed_until - row.reviewed_at).days == 7


def test_editing_and_approving_in_one_go(admin_client: Client) -> None:
    rows.automation()
    row = rows.proposal()
    url = reverse("admin:runs_proposal_edit", args=[row.id])
    admin_client.post(url, {"param-columns": "created_at", "verb": "approve"})
    row.refresh_from_db()
    assert (row.params, row.status) == ({"columns": "created_at"}, "approved")


def test_what_may_not_be_edited_is_refused_with_a_sentence(admin_client: Client) -> None:
    rows.automation()
    row = rows.proposal()
    url = reverse("admin:runs_proposal_edit", args=[row.id])
    response = admin_client.post(url, {"param-table": "users", "verb": "approve"})
    assert "cannot be edited" in said(response)[0]
    row.refresh_from_db()
    assert (row.params, row.status) == ({"columns": "customer_id"}, "pending")


def test_the_list_rejects_with_its_note_field(admin_client: Client) -> None:
    row = rows.proposal()
    url = reverse("admin:runs_proposal_changelist")
    admin_client.post(
        url, {"action": "reject_selected", "_selected_action": [str(row.id)], "note": "not now"}
    )
    row.refresh_from_db()
    assert (row.status, row.review_notes) == ("rejected", "not now")


def test_settling_a_doubt(admin_client: Client) -> None:
    rows.effect("charge:in_1", state="doubt")
    rows.effect("charge:in_2", state="doubt")
    url = reverse("admin:runs_effect_settle")
    admin_client.post(url, {"key": "charge:in_1", "answer": "done"})
    admin_client.post(url, {"key": "charge:in_2", "answer": "not_done"})
    assert dict(Effect.objects.values_list("key", "state")) == {
        "charge:in_1": "done",
        "charge:in_2": "waiting",
    }
    assert said(admin_client.post(url, {"key": "charge:in_1", "answer": "done"}))[-1].startswith(
        "charge:in_1 is done"
    )


def test_switching_running_and_stopping(admin_client: Client) -> None:
    rows.automation()
    name = "platform.create_index"
    admin_client.post(reverse("admin:runs_automation_mode"), {"name": name, "mode": "shadow"})
    assert AutomationEntry.objects.get(name=name).mode == "shadow"
    run = reverse("admin:runs_automation_run")
    response = admin_client.post(run, {"name": name, "mode": "dry_run", "slot": "2026-11-20T09:00"})
    made = Run.objects.get()
    assert response["Location"] == reverse("admin:runs_run_change", args=[made.pk])
    assert (made.mode, made.slot.isoformat(), made.requested_by) == (
        "dry_run",
        "2026-11-20T09:00:00+00:00",
        "admin",
    )
    assert "future" in said(admin_client.post(run, {"name": name, "mode": "live", "slot": "2999-01-01"}))[-1]
    admin_client.post(reverse("admin:runs_emergency_stop"), {"reason": "look"})
    assert AutomationEntry.objects.get(name="*").mode == "off"
    admin_client.post(reverse("admin:runs_resume"))
    assert AutomationEntry.objects.get(name="*").mode == "live"


def test_resolving_an_alert(admin_client: Client) -> None:
    alert = Alert.objects.create(
        kind="mail", dedupe_key="mail", title="No mail", raised_at=rows.NOW, last_seen_at=rows.NOW
    )
    admin_client.post(reverse("admin:runs_alert_resolve", args=[alert.id]))
    alert.refresh_from_db()
    assert alert.resolved_by == "admin"


POSTS = {
    "runs_proposal_decide": [],
    "runs_proposal_edit": [uuid4()],
    "runs_effect_settle": [],
    "runs_alert_resolve": [1],
    "runs_automation_mode": [],
    "runs_automation_run": [],
    "runs_emergency_stop": [],
    "runs_resume": [],
}


@pytest.mark.parametrize("name", POSTS)
def test_a_get_changes_nothing(admin_client: Client, name: str) -> None:
    assert admin_client.get(reverse(f"admin:{name}", args=POSTS[name])).status_code == 405


@pytest.mark.parametrize("name", POSTS)
def test_a_reader_may_not(client: Client, name: str) -> None:
    client.force_login(rows.reader())
    assert client.post(reverse(f"admin:{name}", args=POSTS[name])).status_code == 403
    assert not EvolutionEntry.objects.exists()


@pytest.mark.parametrize("name", POSTS)
def test_a_stranger_is_sent_to_the_log_in(client: Client, name: str) -> None:
    response = client.post(reverse(f"admin:{name}", args=POSTS[name]))
    assert response["Location"].startswith(reverse("admin:login"))


def test_without_the_csrf_token_it_is_refused(admin_user) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(reverse("admin:runs_emergency_stop")).status_code == 403


def test_the_way_back_stays_on_this_site(admin_client: Client) -> None:
    row = rows.proposal()
    post = {"verb": "approve", "ids": [row.id], "next": "https://evil.example/"}
    assert admin_client.post(reverse(DECIDE), post)["Location"] == reverse("admin:index")
