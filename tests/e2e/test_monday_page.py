"""The operator's three minutes, in a browser: from the log-in to an approval, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.core.clock import utc_now
from apps.runs.models import AutomationEntry, Effect, Proposal
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.slow


@pytest.fixture
def waiting(transactional_db: None) -> Sequence[Proposal]:
    """Three proposals, newest first, and an automation that lets their columns be edited."""
    rows.automation()
    rows.ticking(utc_now())
    return [rows.proposal(number) for number in (1, 2, 3)]


def statuses() -> list[str]:
    """Of the three, newest first."""
    return list(Proposal.objects.order_by("-created_at").values_list("status", flat=True))


def said(page: Page, sentence: str) -> None:
    expect(page.get_by_text(sentence)).to_be_visible()


def card(page: Page, number: int):
    return page.get_by_role("article", name=f"Index number {number}")


def test_nothing_waits(home: Page) -> None:
    expect(home.get_by_text("Nothing waits for you.")).to_be_visible()
    home.keyboard.press("j")
    home.keyboard.press("a")
    expect(home.get_by_text("Nothing waits for you.")).to_be_visible()


def test_approving_by_mouse(waiting: Sequence[Proposal], home: Page) -> None:
    card(home, 2).get_by_role("button", name="Approve").click()
    said(home, "1 proposal approved.")
    assert statuses() == ["pending", "approved", "pending"]
    assert Proposal.objects.get(pk=waiting[1].pk).reviewed_by == "operator"
    expect(card(home, 2)).to_have_count(0)
    expect(home.locator("[data-card]")).to_have_count(2)


def test_approving_by_keyboard(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("j")
    home.keyboard.press("j")
    home.keyboard.press("k")
    home.keyboard.press("j")
    home.keyboard.press("a")
    said(home, "1 proposal approved.")
    assert statuses() == ["pending", "approved", "pending"]


def test_rejecting_with_a_note_by_keyboard(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("j")
    home.keyboard.press("r")
    expect(card(home, 1).get_by_label("Why not")).to_be_focused()
    home.keyboard.type("jack asked: keep the table as it is")
    assert statuses() == ["pending"] * 3
    home.keyboard.press("Enter")
    said(home, "1 proposal rejected.")
    first = Proposal.objects.get(pk=waiting[0].pk)
    assert (first.status, first.review_notes) == ("rejected", "jack asked: keep the table as it is")


def test_a_rejection_without_a_note_is_not_sent(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("j")
    home.keyboard.press("r")
    home.keyboard.press("Enter")
    home.keyboard.press("Escape")
    expect(card(home, 1).get_by_label("Why not")).to_be_hidden()
    home.reload()
    assert statuses() == ["pending"] * 3


def test_editing_then_approving(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("j")
    home.keyboard.press("e")
    field = card(home, 1).get_by_label("Columns")
    expect(field).to_be_focused()
    field.fill("customer_id, created_at")
    card(home, 1).get_by_role("button", name="Save and approve").click()
    said(home, "1 proposal approved.")
    first = Proposal.objects.get(pk=waiting[0].pk)
    assert (first.status, first.params) == ("approved", {"columns": "customer_id, created_at"})


def test_snoozing(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("j")
    home.keyboard.press("s")
    card(home, 1).get_by_role("button", name="A week").click()
    said(home, "1 proposal snoozed for a week.")
    assert statuses() == ["snoozed", "pending", "pending"]


def test_several_at_once(waiting: Sequence[Proposal], home: Page) -> None:
    for key in ("j", "x", "j", "x"):
        home.keyboard.press(key)
    said(home, "2 selected")
    home.keyboard.press("a")
    said(home, "2 proposals approved.")
    assert statuses() == ["approved", "approved", "pending"]


def test_rejecting_all_that_are_selected_needs_one_note(waiting: Sequence[Proposal], home: Page) -> None:
    home.get_by_label("Select all").check()
    said(home, "3 selected")
    home.keyboard.press("r")
    note = home.locator("#ax-bulk").get_by_label("Note")
    expect(note).to_be_focused()
    note.fill("a quiet week, please")
    home.keyboard.press("Enter")  # a note is not a decision
    assert statuses() == ["pending"] * 3
    home.locator("#ax-bulk").get_by_role("button", name="Reject").click()
    said(home, "3 proposals rejected.")
    assert set(Proposal.objects.values_list("status", "review_notes")) == {
        ("rejected", "a quiet week, please")
    }


def test_the_keys_are_explained(waiting: Sequence[Proposal], home: Page) -> None:
    home.keyboard.press("?")
    expect(home.get_by_role("dialog", name="Keys")).to_be_visible()
    home.keyboard.press("a")
    home.keyboard.press("Escape")
    expect(home.get_by_role("dialog", name="Keys")).to_be_hidden()
    assert statuses() == ["pending"] * 3


def test_stopping_and_resuming_everything(waiting: Sequence[Proposal], home: Page) -> None:
    home.get_by_text("Emergency stop", exact=True).click()
    home.get_by_placeholder("For the record").fill("wrong prices")
    assert not AutomationEntry.objects.filter(name="*").exists()
    home.get_by_role("button", name="Stop now").click()
    banner = home.get_by_role("alert").filter(has_text="Emergency stop: nothing acts.")
    expect(banner).to_contain_text("wrong prices")
    assert AutomationEntry.objects.get(name="*").mode == "off"
    home.goto(reverse("admin:runs_run_changelist"))
    expect(banner).to_be_visible()
    banner.get_by_text("Resume", exact=True).click()
    banner.get_by_role("button", name="Resume now").click()
    said(home, "Resumed.")
    expect(banner).to_have_count(0)
    assert AutomationEntry.objects.get(name="*").mode == "live"


def test_settling_an_effect_in_doubt(transactional_db: None, request: pytest.FixtureRequest) -> None:
    rows.effect("charge:in_1", state="doubt", error="no answer within 30 s")
    home: Page = request.getfixturevalue("home")
    home.get_by_role("button", name="It was done").click()
    said(home, "It was done: noted for charge:in_1.")
    assert Effect.objects.get().state == "done"


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}], ids=["phone"])
def test_on_a_phone(waiting: Sequence[Proposal], home: Page, viewport: dict[str, int]) -> None:
    assert home.evaluate("document.documentElement.scrollWidth") == 390
    card(home, 1).locator("summary", has_text="Reject").click()
    note = card(home, 1).get_by_label("Why not")
    note.fill("not from my phone")
    box = card(home, 1).locator("form.ax-popover:visible").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    card(home, 1).locator("form.ax-popover:visible").get_by_role("button", name="Reject").click()
    said(home, "1 proposal rejected.")
    assert statuses() == ["rejected", "pending", "pending"]
