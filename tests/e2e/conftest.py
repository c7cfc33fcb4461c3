"""A real browser before the real pages. Chromium is the system's, or the one Playwright has installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect, sync_playwright

PASSWORD = "three-minutes-on-monday"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def chromium() -> str | None:
    """The system's browser; None leaves the choice to Playwright."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file. Playwright's synchronous interface keeps an event loop in this thread for as long: Django
    would refuse its ORM there, and has database connections of its own for it, which must be closed before the
    loop is left."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield from _browser()


def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium()
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium: install Debian's chromium, or run `playwright install chromium`")
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()
        connections.close_all()


@pytest.fixture
def operator(transactional_db: None) -> User:
    return User.objects.create_superuser("operator", "operator@apex.example", PASSWORD)


@pytest.fixture
def viewport() -> dict[str, int]:
    """A desktop's, in CSS pixels; a test may parametrise it."""
    return {"width": 1440, "height": 900}


@pytest.fixture
def page(browser: Browser, live_server, viewport: dict[str, int]) -> Iterator[Page]:
    """An empty tab. What the browser's console calls an error fails the test."""
    context = browser.new_context(viewport=viewport, base_url=live_server.url, reduced_motion="reduce")
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield tab
    context.close()
    assert errors == []


@pytest.fixture
def home(page: Page, operator: User) -> Page:
    """The Monday page, reached by logging in. Rows must be written before it is asked for."""
    page.goto(reverse("admin:index"))
    page.get_by_label("Username").fill(operator.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Waits for you")).to_be_visible()
    page.wait_for_load_state("load")  # the heading is there before the deferred script that knows the keys
    return page
