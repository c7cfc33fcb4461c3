"""Header values on the wire: ASCII only, one logical line each, whatever the value contains."""

from __future__ import annotations

import re
from base64 import b64encode

# RFC 2047: a line with an encoded word is at most 76 characters. "Subject: ", "=?utf-8?b?" and "?=" leave
# 55 of them, which is 52 of base64, 39 bytes.
_BYTES_A_WORD = 39
# RFC 5322 recommends lines of 78; "Subject: " takes nine of them.
_PLAIN_AT_MOST = 66
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>\Z")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\Z"
)


def is_address(text: str) -> bool:
    """A plain ``local@domain`` in ASCII (no quoting, no SMTPUTF8): what every server takes."""
    return _ADDRESS.match(text) is not None and ".." not in text


def unstructured(text: str) -> str:
    """A subject or a display name. Line breaks and control characters become a space."""
    line = _CONTROL.sub(" ", text).strip()
    if line.isascii() and len(line) <= _PLAIN_AT_MOST and "=?" not in line:
        return line
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in _words(line))


def _words(line: str) -> list[bytes]:
    """UTF-8 in pieces of at most 39 bytes, never inside a character."""
    data = line.encode("utf-8", "replace")
    words, start = [], 0
    while start < len(data):
        end = min(start + _BYTES_A_WORD, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(data[start:end])
        start = end
    return words


def mailbox(text: str) -> str:
    """``Name <address>`` with the name encoded. Raises ValueError when there is no address in it."""
    name, address = _split(text)
    if not is_address(address):
        raise ValueError(f"{text!r} holds no plain e-mail address")
    if not name:
        return address
    encoded = unstructured(name)
    if encoded.startswith("=?"):
        return f"{encoded} <{address}>"
    quoted = encoded.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def address_of(text: str) -> str:
    return _split(text)[1]


def display_name_of(text: str) -> str:
    return _split(text)[0]


def _split(text: str) -> tuple[str, str]:
    """("Name", "address"). The name may stand in quotes, and may hold a comma without them: people write
    MAIL_FROM as they would on an envelope."""
    line = _CONTROL.sub(" ", text).strip()
    found = _NAMED.match(line)
    if found is None:
        return "", line
    name = found[1].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, found[2].strip()
