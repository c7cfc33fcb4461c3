"""Every template: lint (mrml takes any tag in silence), complete, and readable without the HTML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from apps.messaging.compose.brand import Brand
from apps.messaging.compose.mime import compiled
from apps.messaging.compose.source import MAIL_FOLDER, about, load, locales, names

BRAND = Brand()
NEEDED = {
    "payment_failed_1",
    "payment_failed_2",
    "payment_failed_3",
    "payment_failed_4",
    "payment_recovered",
    "new_card_needed",
    "authenticate_payment",
    "downgraded",
    "service_limited",
    "suspended",
    "win_back_discount",
    "engagement_tips",
    "welcome",
    "usage_warning",
}
EVERY = [(name, locale) for name in names() for locale in locales(name)]
# documentation.mjml.io; only what these templates use. A tag that is missing here is a slip or new.
TEXT = {"css-class", "font-size", "font-weight", "line-height", "color", "padding"}
ALLOWED: dict[str, set[str]] = {
    "mjml": {"lang"},
    "mj-head": set(),
    "mj-title": set(),
    "mj-raw": set(),
    "meta": {"name", "content"},
    "mj-attributes": set(),
    "mj-all": {"font-family"},
    "mj-style": set(),
    "mj-body": {"background-color", "css-class", "width"},
    "mj-section": {"padding", "css-class", "background-color", "border-radius"},
    "mj-column": set(),
    "mj-text": TEXT,
    "mj-button": TEXT | {"href", "align", "background-color", "border-radius", "inner-padding"},
    "a": {"href", "style"},
}


def test_every_message_an_automation_names_is_there() -> None:
    assert set(names()) >= NEEDED


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_tags_and_attributes_are_known(name: str, locale: str) -> None:
    text = load(name, locale).mjml
    document = ET.fromstring(re.sub(r"(<meta [^>]*[^/])>", r"\1/>", text))  # noqa: S314 - our own files
    wrong = [
        f"<{element.tag} {attribute}>"
        for element in document.iter()
        for attribute in ["", *element.attrib]
        if element.tag not in ALLOWED or (attribute and attribute not in ALLOWED[element.tag])
    ]
    assert wrong == []


def test_the_lint_would_find_a_wrong_tag() -> None:
    assert "mj-buton" not in ALLOWED
    assert "hrf" not in ALLOWED["mj-button"]


@pytest.mark.parametrize(("name", "locale"), EVERY)
def test_the_sample_fills_it_and_every_part_says_the_same(name: str, locale: str) -> None:
    template = compiled(name, locale, BRAND)
    sample = about(name).sample
    assert template.problem(sample) == ""
    shown = template.render(sample, "https://apex.example/unsubscribe/t/")
    assert shown.subject
    assert len(shown.subject) <= 60
    for part in (shown.subject, shown.text, shown.html):
        assert "{{" not in part
        assert "<!-- " not in part
    words = re.sub(r"<(style|title)[^>]*>.*?</\1>|<[^>]+>", " ", shown.html, flags=re.DOTALL)
    for sentence in re.findall(r"^[A-Z][^\n]{30,}", shown.text, flags=re.MULTILINE):
        assert " ".join(sentence.split()[:6]) in " ".join(words.split())


@pytest.mark.parametrize("name", names())
def test_one_action_each(name: str) -> None:
    source = load(name, "en")
    assert source.mjml.count("<mj-button css-class") == 1
    links = re.findall(r'<mj-button[^>]* href="([^"]+)"', source.mjml)
    assert links[0] in source.text


@pytest.mark.parametrize("name", names())
def test_the_class_decides_on_the_way_out(name: str) -> None:
    source = load(name, "en")
    marketing = about(name).message_class == "marketing"
    assert about(name).message_class in {"marketing", "transactional"}
    assert ("{{ unsubscribe_url }}" in source.mjml) is marketing
    assert ("{{ unsubscribe_url }}" in source.text) is marketing


@pytest.mark.parametrize("name", names())
def test_opening_a_message_fetches_nothing(name: str) -> None:
    """mrml adds a web font for every font name it knows; a reader's address is nobody's business."""
    html = compiled(name, "en", BRAND).render(about(name).sample, "https://apex.example/u").html
    assert not re.search(r"<(?:link|img|script)|@import|url\(", html)


def test_dark_mode_is_declared() -> None:
    layout = (MAIL_FOLDER / "layout.mjml").read_text()
    assert "prefers-color-scheme: dark" in layout
    assert 'name="color-scheme" content="light dark"' in layout
