"""/api/v1/: automations, runs, proposals, evolution log, emergency stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.access.actions import issue_key
from apps.core.clock import utc_now
from apps.runs.models import AutomationEntry, Proposal, Run
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.django_db
API = "/api/v1/"


class Caller:
    """Calls the API with a key of the given scopes, and hands back status and envelope."""

    def __init__(self, *scopes: str) -> None:
        token = issue_key("tests", scopes, utc_now()).token
        self.client = Client(headers={"authorization": f"Bearer {token}"})

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        send = getattr(self.client, method)
        kwargs = {} if method == "get" else {"data": body or {}, "content_type": "application/json"}
        response = send(API + path, **kwargs)
        return response.status_code, response.json()


@pytest.fixture
def call() -> Caller:
    return Caller("runs:write")


def test_the_catalogue_is_read_and_switched(call: Caller) -> None:
    rows.automation()
    status, answer = call("get", "automations/")
    assert status == 200
    assert [entry["name"] for entry in answer["data"]] == ["platform.create_index"]
    status, answer = call("patch", "automations/platform.create_index/", {"mode": "shadow"})
    assert (status, answer["success"], answer["data"]["mode"]) == (200, True, "shadow")
    assert answer["message"] == "platform.create_index is shadow from its next tick on."
    entry = AutomationEntry.objects.get()
    assert (entry.mode, entry.changed_by) == ("shadow", "API key tests")


def test_a_mode_there_is_not(call: Caller) -> None:
    rows.automation()
    status, answer = call("patch", "automations/platform.create_index/", {"mode": "turbo"})
    assert (status, answer["success"]) == (400, False)
    assert "mode" in answer["data"]["errors"]
    assert AutomationEntry.objects.get().mode == "live"


def test_the_emergency_stop_is_not_an_automation(call: Caller) -> None:
    assert call("post", "emergency-stop/", {"reason": "look"})[1]["data"] == {"stopped": True}
    assert call("get", "automations/")[1]["data"] == []
    assert call("patch", "automations/*/", {"mode": "live"})[0] == 404
    assert AutomationEntry.objects.get(name="*").mode == "off"
    assert call("post", "resume/")[1]["data"] == {"stopped": False}
    assert AutomationEntry.objects.get(name="*").mode == "live"


def test_running_now_and_for_a_past_tick(call: Caller) -> None:
    rows.automation()
    body = {"mode": "dry_run", "slot": "2026-11-20T09:00:00Z"}
    status, answer = call("post", "automations/platform.create_index/run", body)
    assert (status, answer["data"]["mode"], answer["data"]["trigger"]) == (202, "dry_run", "manual")
    assert Run.objects.get(pk=answer["data"]["id"]).requested_by == "API key tests"
    assert (
        call("post", "automations/platform.create_index/run", body)[1]["data"]["id"] == answer["data"]["id"]
    )
    future = {"slot": (utc_now() + timedelta(hours=1)).isoformat()}
    assert call("post", "automations/platform.create_index/run", future)[0] == 400
    assert call("post", "automations/no.such/run")[0] == 404


def test_runs_are_filtered_and_paged_without_counting(call: Caller, django_assert_max_num_queries) -> None:
    for number in range(5):
        rows.run(number, state="failed" if number == 2 else "done")
    with django_assert_max_num_queries(6) as asked:
        status, answer = call("get", "runs/?limit=2")
    assert status == 200
    assert len(answer["data"]["results"]) == 2
    assert not [query for query in asked.captured_queries if "COUNT(" in query["sql"]]
    seen = [run["id"] for run in answer["data"]["results"]]
    while answer["data"]["next"]:
        answer = call("get", answer["data"]["next"].split(API)[1])[1]
        seen += [run["id"] for run in answer["data"]["results"]]
    assert seen == sorted(Run.objects.values_list("id", flat=True), reverse=True)
    failed = call("get", "runs/?state=failed")[1]["data"]["results"]
    assert [run["state"] for run in failed] == ["failed"]
    assert call("get", "runs/?state=exploded")[0] == 400
    assert call("get", f"runs/{seen[0]}/")[1]["data"]["skip_reasons"] == {"not due before tomorrow": 2}


def test_proposals_are_listed_and_decided(call: Caller) -> None:
    first, second, third = (rows.proposal(number).id for number in (1, 2, 3))
    rows.proposal(4, status="applied")
    waiting = call("get", "proposals/?status=pending")[1]["data"]["results"]
    assert [row["id"] for row in waiting] == [str(first), str(second), str(third)]
    assert call("get", "proposals/?status=maybe")[0] == 400
    assert call("post", f"proposals/{first}/approve", {"note": "go"})[1]["data"]["status"] == "approved"
    assert call("post", f"proposals/{second}/reject", {"note": "no"})[1]["data"]["review_notes"] == "no"
    until = utc_now() + timedelta(days=2)
    snoozed = call("post", f"proposals/{third}/snooze", {"until": until.isoformat()})[1]["data"]
    assert snoozed["status"] == "snoozed"
    assert set(Proposal.objects.exclude(status="applied").values_list("reviewed_by", flat=True)) == {
        "API key tests"
    }


def test_what_was_decided_stays_decided(call: Caller) -> None:
    row = rows.proposal(status="rejected")
    status, answer = call("post", f"proposals/{row.id}/approve")
    assert (status, answer["message"]) == (409, "This proposal is rejected; it was decided before.")
    assert call("post", f"proposals/{uuid4()}/approve")[0] == 404
    row.refresh_from_db()
    assert row.status == "rejected"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("reject", {}),
        ("reject", {"note": " "}),
        ("snooze", {}),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}),
    ],
)
def test_a_request_that_lacks_something_changes_nothing(
    call: Caller, verb: str, body: dict[str, str]
) -> None:
    row = rows.proposal()
    assert call("post", f"proposals/{row.id}/{verb}", body)[0] == 400
    row.refresh_from_db()
    assert row.status == "pending"


def test_editing_what_may_be_edited(call: Caller) -> None:
    rows.automation()
    row = rows.proposal()
    answer = call("patch", f"proposals/{row.id}/", {"params": {"columns": "created_at"}})[1]
    assert answer["data"]["params"] == {"columns": "created_at"}
    status, answer = call("patch", f"proposals/{row.id}/", {"params": {"table": "users"}})
    assert status == 400
    assert "cannot be edited" in answer["data"]["errors"]["detail"][0]


def test_the_evolution_log_is_read_only(call: Caller) -> None:
    rows.logged()
    rows.logged(change_type="switch")
    results = call("get", "evolution-log/?change_type=create_index")[1]["data"]["results"]
    assert [entry["description"] for entry in results] == ["Built apex_orders"]
    assert call("post", "evolution-log/", {"description": "x"})[0] == 405


def test_reading_is_not_changing() -> None:
    rows.automation()
    row = rows.proposal()
    reads = Caller("runs:read")
    assert reads("get", "proposals/")[0] == 200
    assert reads("post", f"proposals/{row.id}/approve")[0] == 403
    assert reads("post", "emergency-stop/")[0] == 403
    assert reads("patch", "automations/platform.create_index/", {"mode": "off"})[0] == 403
    row.refresh_from_db()
    assert row.status == "pending"
    assert not AutomationEntry.objects.exclude(mode="live").exists()


def test_another_scope_and_nobody_see_nothing(client: Client) -> None:
    assert Caller("events:write")("get", "runs/")[0] == 403
    assert client.get(f"{API}runs/").status_code == 401


def test_the_operator_uses_it_with_the_session(admin_client: Client, client: Client) -> None:
    row = rows.proposal()
    client.force_login(rows.reader())
    assert client.get(f"{API}proposals/").status_code == 200
    assert (
        client.post(f"{API}proposals/{row.id}/approve", {}, content_type="application/json").status_code
        == 403
    )
    other = admin_client.post(f"{API}proposals/{row.id}/approve", {}, content_type="application/json")
    assert other.json()["data"]["reviewed_by"] == "admin"
