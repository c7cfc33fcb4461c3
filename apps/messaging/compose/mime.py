"""One template and locale, encoded once: what is left to do per message is to join bytes.

Django's EmailMessage builds 970 messages a second; this fills about 50 times as many. Both parts are
quoted-printable, so the fixed text is encoded ahead and every value is encoded by itself between two
soft line breaks, which keeps lines under 76 characters whatever the value's length.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from html import escape
from pathlib import Path

from apps.messaging.compose.brand import Brand
from apps.messaging.compose.headers import is_address, mailbox, unstructured
from apps.messaging.compose.placeholders import Gap, Scalar, TemplateError, fill, parse, problems, text_of
from apps.messaging.compose.source import MAIL_FOLDER, about, load

_SOFT_BREAK = b"=\r\n"
_ANY_BREAK = re.compile(r"\r\n|\r|\n")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What belongs to the single message. ``unsubscribe_url`` only for marketing."""

    to: str
    message_id: str
    date: datetime
    unsubscribe_url: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message to look at: the preview and the detail page."""

    subject: str
    text: str
    html: str

    @property
    def in_the_dark(self) -> str:
        """The HTML as a mail program in dark mode shows it, whatever the operator's own mode is."""
        return self.html.replace("(prefers-color-scheme: dark)", "all")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to be filled. ``head`` is fixed; ``body`` is encoded text and, in between, numbers
    of ``body_gaps``: a gap and whether it stands in the HTML part."""

    name: str
    locale: str
    message_class: str
    subject: Sequence[str | Gap]
    text: Sequence[str | Gap]
    html: Sequence[str | Gap]
    gaps: Sequence[Gap]
    head: bytes
    body: Sequence[bytes | int]
    body_gaps: Sequence[tuple[Gap, bool]]

    def problem(self, context: Mapping[str, Scalar]) -> str:
        """What is missing or wrong in ``context``; empty when the message can be built."""
        return problems(self.gaps, context)

    def subject_line(self, context: Mapping[str, Scalar]) -> str:
        return fill(self.subject, context)

    def render(self, context: Mapping[str, Scalar], unsubscribe_url: str = "") -> Rendered:
        values = _with_unsubscribe(context, unsubscribe_url)
        html = fill(self.html, values, _html_value)
        return Rendered(self.subject_line(values), fill(self.text, values), html)

    def to_bytes(self, envelope: Envelope, context: Mapping[str, Scalar]) -> bytes:
        """The whole message with CRLF line ends. Raises TemplateError for a gap without a value."""
        values = _with_unsubscribe(context, envelope.unsubscribe_url)
        lines = [
            f"Message-ID: {envelope.message_id}",
            f"Date: {_date(envelope.date.replace(microsecond=0))}",
            f"To: {_recipient(envelope.to)}",
            f"Subject: {unstructured(self.subject_line(values))}",
        ]
        if envelope.unsubscribe_url:  # RFC 8058
            lines.append(f"List-Unsubscribe: <{envelope.unsubscribe_url}>")
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        filled = [_qp_value(gap, values, is_html) for gap, is_html in self.body_gaps]
        body = [part if isinstance(part, bytes) else filled[part] for part in self.body]
        return b"".join(("\r\n".join(lines).encode("ascii"), b"\r\n", self.head, *body))


@lru_cache(maxsize=500)
def compiled(name: str, locale: str, brand: Brand, folder: Path = MAIL_FOLDER) -> Compiled:
    """Once per process, template, locale and brand (about 2 ms). Raises TemplateError."""
    source = load(name, locale, folder)
    values = brand.values()
    subject, text = parse(source.subject, values), parse(source.text, values)
    html = parse(source.html(), values, _html_value)
    gaps = [
        part for part in (*subject, *text, *html) if isinstance(part, Gap) and part.name != "unsubscribe_url"
    ]
    # "=_" never occurs in quoted-printable text, so this boundary cannot occur in a body.
    boundary = "=_" + sha256(f"{name}/{source.locale}".encode()).hexdigest()[:24]
    body = [*_part("text/plain", boundary, text), *_part("text/html", boundary, html)]
    distinct = dict.fromkeys(part for part in body if not isinstance(part, bytes))
    numbers = {gap: number for number, gap in enumerate(distinct)}
    end = f"--{boundary}--\r\n".encode("ascii")
    return Compiled(
        name=name,
        locale=source.locale,
        message_class=about(name, folder).message_class,
        subject=subject,
        text=text,
        html=html,
        gaps=tuple(dict.fromkeys(gaps)),
        head=_head(brand, boundary, about(name, folder).message_class),
        body=[*(part if isinstance(part, bytes) else numbers[part] for part in body), end],
        body_gaps=list(numbers),
    )


def _head(brand: Brand, boundary: str, message_class: str) -> bytes:
    lines = [f"From: {mailbox(brand.sender)}"]
    if brand.reply_to:
        lines.append(f"Reply-To: {mailbox(brand.reply_to)}")
    if message_class == "transactional":
        lines.append("Auto-Submitted: auto-generated")  # RFC 3834: no out-of-office answers
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"', "", ""]
    return "\r\n".join(lines).encode("ascii")


def _part(kind: str, boundary: str, parts: Sequence[str | Gap]) -> list[bytes | tuple[Gap, bool]]:
    is_html = kind == "text/html"
    head = (
        f"--{boundary}\r\nContent-Type: {kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    encoded = [_qp(part) if isinstance(part, str) else (part, is_html) for part in parts]
    return [head.encode("ascii"), *encoded, b"\r\n"]


def _qp(text: str) -> bytes:
    """Starts at column 0 and ends with a soft break, so that pieces may follow one another freely."""
    if not text:
        return b""
    data = _ANY_BREAK.sub("\r\n", text).encode("utf-8", "replace")
    coded = b2a_qp(data, istext=True)
    if b"\n" in coded:  # it breaks long lines with a bare LF unless the data happened to hold a CRLF
        coded = coded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return _room_for_break(coded) + _SOFT_BREAK


def _room_for_break(coded: bytes) -> bytes:
    """RFC 2045 allows 76 characters a line, the soft break's "=" included."""
    start = coded.rfind(b"\n") + 1
    if len(coded) - start < 76:
        return coded
    cut = start + 72
    if b"=" in coded[cut - 2 : cut]:  # never inside an escape
        cut = coded.rindex(b"=", start, cut)
    return coded[:cut] + _SOFT_BREAK + coded[cut:]


def _qp_value(gap: Gap, values: Mapping[str, Scalar], is_html: bool) -> bytes:
    value = text_of(gap, values)
    return _qp(_html_value(value) if is_html else value)


def _html_value(value: str) -> str:
    return escape(_NOT_IN_XML.sub(" ", value), quote=True)


def _recipient(address: str) -> str:
    if not is_address(address):
        raise TemplateError(f"{address!r} is no e-mail address")
    return address


def _with_unsubscribe(context: Mapping[str, Scalar], url: str) -> Mapping[str, Scalar]:
    return {**context, "unsubscribe_url": url} if url else context


@lru_cache(maxsize=8)
def _date(moment: datetime) -> str:
    return format_datetime(moment)
