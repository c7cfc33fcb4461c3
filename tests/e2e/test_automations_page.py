"""The catalogue in a browser: the switch, and running by hand."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from apps.runs.models import AutomationEntry, Run
from tests.apps.runs.admin import rows

pytestmark = pytest.mark.slow
NAME = "platform.create_index"


@pytest.fixture
def catalogue(transactional_db: None, request: pytest.FixtureRequest) -> Page:
    rows.automation()
    home: Page = request.getfixturevalue("home")
    home.get_by_role("link", name="Automations").click()
    return home


def test_switching_to_shadow(catalogue: Page) -> None:
    switch = catalogue.get_by_role("group", name=f"Mode of {NAME}")
    expect(switch.get_by_role("button", name="live")).to_have_attribute("aria-pressed", "true")
    switch.get_by_role("button", name="shadow").click()
    expect(switch.get_by_role("button", name="shadow")).to_have_attribute("aria-pressed", "true")
    assert AutomationEntry.objects.get(name=NAME).mode == "shadow"


def test_a_dry_run_of_a_past_tick(catalogue: Page) -> None:
    catalogue.get_by_role("link", name=NAME).click()
    catalogue.get_by_text("Run a past tick").click()
    catalogue.get_by_label("Tick (UTC)").fill("2026-01-05T09:00")
    catalogue.locator("form.ax-popover:visible").get_by_role("button", name="Dry run").click()
    expect(catalogue.get_by_text("Nothing was touched.")).to_be_visible()
    run = Run.objects.get()
    assert (run.mode, run.slot.isoformat(), run.requested_by) == (
        "dry_run",
        "2026-01-05T09:00:00+00:00",
        "operator",
    )
    assert catalogue.url.endswith(reverse("admin:runs_run_change", args=[run.pk]))
