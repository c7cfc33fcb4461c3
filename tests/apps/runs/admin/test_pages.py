"""Run → step → effect → evolution log and back, and lists that stay fast with many rows."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from apps.runs import people
from apps.runs.admin.base import BoundedPaginator
from apps.runs.admin.runs import tally
from apps.runs.models import Confidence, Effect, EvolutionEntry, Proposal, Run, RunState, Step
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.django_db


def address(model: str, key: object) -> str:
    return reverse(f"admin:runs_{model}_change", args=[quote(key)])


@pytest.fixture
def chain() -> dict[str, str]:
    """One decision with everything that came of it: the addresses of its pages."""
    rows.automation()
    run = rows.run()
    step = rows.step(run)
    effect = rows.effect()
    entry = rows.logged()
    proposal = rows.proposal(status="applied", step_id=step.id)
    return {
        "automation": address("automationentry", "platform.create_index"),
        "run": address("run", run.pk),
        "step": address("step", step.pk),
        "effect": address("effect", effect.key),
        "log": address("evolutionentry", entry.pk),
        "proposal": address("proposal", proposal.pk),
    }


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("automation", ["run", "log"]),
        ("run", ["automation", "step", "effect"]),
        ("step", ["run", "automation", "effect", "proposal", "log"]),
        ("effect", ["automation", "step", "run", "proposal", "log"]),
        ("log", ["automation", "effect", "step", "proposal"]),
        ("proposal", ["automation", "step", "effect", "log"]),
    ],
)
def test_pages_lead_to_each_other(
    admin_client: Client, chain: dict[str, str], page: str, leads_to: list[str]
) -> None:
    html = admin_client.get(chain[page]).content.decode()
    for target in leads_to:
        assert f'href="{chain[target]}"' in html, target


def test_lists_and_pages_call_a_customer_by_name(admin_client: Client) -> None:
    people.register_people(acquaintances)
    try:
        key = rows.effect("charge:in_1", customer_id=7).key
        rows.logged(effect_key=key, customer_id=7, description="Charge 99.00 USD of Nils Kask")
        for path in (reverse("admin:runs_effect_changelist"), address("effect", key)):
            html = admin_client.get(path).content.decode()
            assert '<a href="/nils/">Nils Kask</a>' in html, path
            assert "Charge 99.00 USD of Nils Kask" in html, path
    finally:
        people._sources.remove(acquaintances)


def acquaintances(ids: Collection[int]) -> dict[int, people.Person]:
    return {ident: people.Person("Nils Kask", "/nils/") for ident in ids if ident == 7}


def test_a_run_says_what_came_of_it_without_the_noughts() -> None:
    assert tally(Run(seen=14, acted=12, skipped=2)) == "14 seen, 12 acted, 2 left alone"
    assert tally(Run(state=RunState.DONE)) == "nothing was due"
    assert tally(Run(state=RunState.RUNNING)) == "under way"


def test_the_pages_explain(admin_client: Client, chain: dict[str, str]) -> None:
    step = admin_client.get(chain["step"]).content.decode()
    assert "2,340 ms" in step
    assert "2,300 ms less a call." in step
    assert "apex_orders" in admin_client.get(chain["effect"]).content.decode()
    assert "not due before tomorrow" in admin_client.get(chain["run"]).content.decode()
    manual = admin_client.get(chain["automation"]).content.decode()
    assert "To stop: switch it off." in manual
    assert "every 15 minutes" in manual


def test_a_dry_run_says_what_it_would_have_done(admin_client: Client) -> None:
    run = rows.run(mode="dry_run")
    rows.step(run)
    rows.effect()  # of an earlier live run, under the same key: not this run's doing
    page = admin_client.get(address("run", run.pk)).content.decode()
    assert "Nothing was touched." in page
    assert "would act" in page
    assert address("effect", "platform:index:1") not in page


def test_the_log_offers_no_change(admin_client: Client, chain: dict[str, str]) -> None:
    page = admin_client.get(chain["log"]).content.decode()
    assert "The database refuses any change to this record." in page
    assert admin_client.get(reverse("admin:runs_evolutionentry_add")).status_code == 403
    entry = EvolutionEntry.objects.get()
    assert admin_client.post(chain["log"], {"description": "nothing happened"}).status_code == 200
    assert EvolutionEntry.objects.get().description == entry.description
    delete = reverse("admin:runs_evolutionentry_delete", args=[entry.pk])
    assert admin_client.post(delete, {"post": "yes"}).status_code == 403


def test_what_was_learned_is_a_sentence(admin_client: Client) -> None:
    Confidence.objects.create(change_type="create_index", successes=14, failures=1, updated_at=rows.NOW)
    page = admin_client.get(reverse("admin:runs_confidence_changelist")).content.decode()
    assert "14 of 15 turned out well, lower bound 0.78" in page
    assert "must ask" in admin_client.get(address("confidence", "create_index")).content.decode()


@pytest.mark.parametrize("model", ["run", "step", "effect", "proposal", "evolutionentry"])
def test_lists_ask_as_often_for_many_rows_as_for_few(
    admin_client: Client, model: str, django_assert_max_num_queries
) -> None:
    rows.automation()
    url = reverse(f"admin:runs_{model}_changelist")
    _fill(0, 2)
    with django_assert_max_num_queries(25) as few:
        assert admin_client.get(url).status_code == 200
    _fill(2, 120)
    with django_assert_max_num_queries(len(few)):
        page = admin_client.get(url)
    assert len(page.context["cl"].result_list) == 50
    assert not [
        query for query in few.captured_queries if "COUNT(*)" in query["sql"] and "LIMIT" not in query["sql"]
    ]


def test_a_runs_page_asks_as_often_for_many_steps(
    admin_client: Client, django_assert_max_num_queries
) -> None:
    run = rows.run()
    _steps(run, 0, 2)
    with django_assert_max_num_queries(30) as few:
        admin_client.get(address("run", run.pk))
    _steps(run, 2, 300)
    with django_assert_max_num_queries(len(few)):
        page = admin_client.get(address("run", run.pk))
    assert len(page.context["steps"]) == 50
    assert page.context["pages"].paginator.num_pages == 6


def test_the_catalogue_asks_as_often_for_many(admin_client: Client, django_assert_max_num_queries) -> None:
    url = reverse("admin:runs_automationentry_changelist")
    rows.automation("a.b")
    with django_assert_max_num_queries(20) as few:
        admin_client.get(url)
    for number in range(30):
        rows.automation(f"a.c{number}")
        rows.run(number, automation=f"a.c{number}")
    with django_assert_max_num_queries(len(few)):
        page = admin_client.get(url).content.decode()
    assert "a.c29" in page


def test_an_empty_list_says_what_is_the_case(admin_client: Client) -> None:
    proposals = reverse("admin:runs_proposal_changelist")
    assert "Nothing here yet." in admin_client.get(proposals).content.decode()
    rows.proposal()
    filtered = admin_client.get(f"{proposals}?status__exact=failed").content.decode()
    assert "Nothing matches." in filtered
    assert "Show all" in filtered
    assert "No alerts." in admin_client.get(reverse("admin:runs_alert_changelist")).content.decode()


def test_counting_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.runs.admin.base.COUNTED", 3)
    Proposal.objects.bulk_create([rows.unsaved_proposal(number) for number in range(8)])
    everything = Proposal.objects.order_by("id")
    assert BoundedPaginator(everything.filter(subject_id__lt=2), 10).count == 2
    assert BoundedPaginator(everything.filter(status="pending"), 10).count == 4
    assert BoundedPaginator(everything, 10).count >= 4


def _fill(first: int, last: int) -> None:
    run = rows.run(first)
    _steps(run, first, last)
    for number in range(first + 1, last):
        rows.run(number)
    Proposal.objects.bulk_create([rows.unsaved_proposal(number) for number in range(first, last)])


def _steps(run: Run, first: int, last: int) -> None:
    numbers = range(first, last)
    fields = {
        "run": run,
        "verdict": "act",
        "reason": "r",
        "facts": {},
        "decision": {},
        "decided_at": rows.NOW,
    }
    Step.objects.bulk_create(
        [Step(**fields, subject_id=n, effect_key=f"platform:index:{n}") for n in numbers]
    )
    claimed = {
        "automation": "a.b",
        "receipt": {},
        "state": "done",
        "claimed_at": rows.NOW,
        "lease_until": rows.NOW,
    }
    Effect.objects.bulk_create([Effect(**claimed, key=f"platform:index:{n}", subject_id=n) for n in numbers])
    for number in numbers:
        rows.logged(effect_key=f"platform:index:{number}")
