"""From template to bytes: whatever the values are, the standard library reads back what was meant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.messaging.compose.brand import Brand
from apps.messaging.compose.headers import is_address, mailbox, unstructured
from apps.messaging.compose.mime import Compiled, Envelope, compiled
from apps.messaging.compose.placeholders import Gap, TemplateError, fill, parse

BRAND = Brand(product_name="Grüße & Co", sender="Grüße, Co <hello@apex.example>")
MOMENT = datetime(2026, 3, 2, 12, 0, 5, 123, tzinfo=UTC)
ENVELOPE = Envelope("ada@example.com", "<1@apex.example>", MOMENT)

# Any text a database row can hold: no NUL, no lone surrogates.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=300)


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, _class=EmailMessage, policy=default)
    assert message.defects == []
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = cast(EmailMessage, message.get_body((kind,)))
    assert part.defects == []
    return cast(bytes, part.get_payload(decode=True)).decode("utf-8")


def lines(text: str) -> str:
    """Line ends as a mail reader sees them."""
    return re.sub(r"\r\n|\r|\n", "\n", text)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """Two variables right after one another, one in the subject, in a text full of awkward places."""
    folder = tmp_path_factory.mktemp("mail")
    (folder / "t").mkdir()
    files = {
        "layout.mjml": "<mjml><mj-body><mj-section><mj-column><!-- body --><!-- footer --></mj-column>"
        "</mj-section></mj-body></mjml>",
        "footer_transactional.mjml": "<mj-text>END</mj-text>",
        "footer_transactional.txt": "END\n",
        "t/about.toml": 'title="T"\nmessage_class="transactional"\nsent_when="x"\n',
        "t/subject.txt": "S {{ a }}",
        "t/body.txt": ".dot\nFrom here {{ a }}{{ b|dflt }}\n=3D trailing \n{{ product_name }}\n",
        "t/body.mjml": "<mj-text>[{{ a }}]({{ b|dflt }})</mj-text>",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return compiled("t", "en", BRAND, folder)


@given(a=TEXT, b=TEXT)
def test_any_values_come_back_as_they_were(plain: Compiled, a: str, b: str) -> None:
    raw = plain.to_bytes(ENVELOPE, {"a": a, "b": b})
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    message = read(raw)
    expected = f".dot\nFrom here {lines(a)}{lines(b)}\n=3D trailing \nGrüße & Co\n\nEND\n"
    assert lines(body(message, "plain")) == expected
    html = unescape(body(message, "html"))
    shown = re.sub(r"[\x01-\x08\x0b\x0c\x0e-\x1f]", " ", f"[{lines(a)}]({lines(b)})")
    assert shown in lines(html)


@given(a=TEXT, b=TEXT)
def test_lines_stay_within_the_standard(plain: Compiled, a: str, b: str) -> None:
    raw = plain.to_bytes(ENVELOPE, {"a": a, "b": b})
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, rest.split(b"\r\n"))) <= 76


@given(a=TEXT)
def test_a_subject_cannot_become_a_header(plain: Compiled, a: str) -> None:
    message = read(plain.to_bytes(ENVELOPE, {"a": a + "\r\nBcc: evil@example.com"}))
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "Message-ID",
        "Date",
        "To",
        "Subject",
        "From",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }


@given(a=TEXT)
def test_markup_in_a_value_stays_text(plain: Compiled, a: str) -> None:
    html = body(read(plain.to_bytes(ENVELOPE, {"a": f"<b>{a}</b>\"'"})), "html")
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


@given(
    text=st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]), min_size=1, max_size=200
    )
)
def test_subjects_of_any_script_survive_encoding(text: str) -> None:
    raw = f"Subject: {unstructured(text)}\r\n\r\n".encode("ascii")
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert str(read(raw)["Subject"]) == text


@given(
    name=st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"], exclude_characters="<>@,;:()[]"),
        max_size=60,
    )
)
def test_display_names_of_any_script_survive_encoding(name: str) -> None:
    text = f'"{name.replace(chr(92), "").replace(chr(34), "")}" <a@example.com>'
    raw = f"From: {mailbox(text)}\r\n\r\n".encode("ascii")
    address = read(raw)["From"].addresses[0]
    assert address.addr_spec == "a@example.com"


def test_headers_of_a_transactional_message(plain: Compiled) -> None:
    message = read(plain.to_bytes(ENVELOPE, {"a": "x"}))
    assert message["Date"].datetime == MOMENT.replace(microsecond=0)
    assert message["Message-ID"] == "<1@apex.example>"
    assert message["From"].addresses[0].display_name == "Grüße, Co"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_marketing_can_be_left_with_one_click() -> None:
    envelope = Envelope("a@b.co", "<1@x.y>", MOMENT, "https://apex.example/unsubscribe/t/")
    message = read(compiled("win_back_discount", "en", BRAND).to_bytes(envelope, {}))
    assert message["List-Unsubscribe"] == "<https://apex.example/unsubscribe/t/>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://apex.example/unsubscribe/t/" in body(message, "plain")


def test_a_missing_variable_builds_nothing(plain: Compiled) -> None:
    for context in ({}, {"a": ""}, {"a": None}):
        assert plain.problem(context) == "a is missing"
        with pytest.raises(TemplateError, match="a is missing"):
            plain.to_bytes(ENVELOPE, context)
    assert plain.problem({"a": 0}) == ""  # zero is a value


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil", "https://a b", 'https://x">', "data:text/html,x", "ftp://x"]
)
def test_a_link_leads_to_the_web_or_a_mailbox(url: str) -> None:
    template = compiled("new_card_needed", "en", BRAND)
    assert "pay_url" in template.problem({"amount": "1 USD", "pay_url": url})
    assert template.problem({"amount": "1 USD", "pay_url": "https://pay.example.com/a?b=c&d=e"}) == ""


def test_braces_in_a_value_mean_nothing() -> None:
    parts = parse("{{ a }} {{ b|x }}", {})
    assert fill(parts, {"a": "{{ b }}"}) == "{{ b }} x"


def test_defaults_may_come_from_the_brand() -> None:
    assert parse("{{ u|@account_url }}", {"account_url": "https://x"}) == [Gap("u", "https://x")]
    with pytest.raises(TemplateError, match="no value of the brand"):
        parse("{{ u|@nothing }}", {})


@pytest.mark.parametrize("text", ["{{ A }}", "{{ a b }}", "{{a", "b}}", "{{ a|b|c }}", "{% if a %}{{ 1 }}"])
def test_braces_that_are_no_variable_are_an_error(text: str) -> None:
    with pytest.raises(TemplateError, match="no variable"):
        parse(text, {})


def test_a_translation_is_used_where_there_is_one(tmp_path: Path) -> None:
    for name in ("layout.mjml", "footer_transactional.mjml", "footer_transactional.txt"):
        (tmp_path / name).write_text("<mjml><mj-body></mj-body></mjml>" if name == "layout.mjml" else "")
    for folder, subject in (("t", "Hello"), ("t/de", "Hallo")):
        (tmp_path / folder).mkdir()
        for name in ("subject.txt", "body.txt", "body.mjml"):
            (tmp_path / folder / name).write_text(subject)
    (tmp_path / "t/about.toml").write_text('title="T"\nmessage_class="transactional"\nsent_when="x"\n')
    subjects = [
        compiled("t", locale, BRAND, tmp_path).subject_line({})
        for locale in ("de", "de-AT", "fr", "../x", "")
    ]
    assert subjects == ["Hallo", "Hallo", "Hello", "Hello", "Hello"]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("a@b.co", True),
        ("a.b+c@sub.example.com", True),
        ("a@b", True),
        ("", False),
        ("a@", False),
        ("@b.co", False),
        ("a b@c.de", False),
        ("a@b.co\r\nBcc: x@y.z", False),
        ("a@b.co\n", False),
        ("a@b..co", False),
        ("<a@b.co>", False),
        ("ä@b.co", False),
        ("a@b.co,c@d.ef", False),
    ],
)
def test_is_address(text: str, valid: bool) -> None:
    assert is_address(text) is valid
