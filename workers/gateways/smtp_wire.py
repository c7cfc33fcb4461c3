"""What goes over the wire: addresses as arguments of commands, the text with its end mark."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP as WIRE

from workers.ports import Message, Refused

# "Name <local@domain>" or "local@domain", printable ASCII.
_MAILBOX = re.compile(r"(?:[^<>]*<(?P<named>[!-;=?-~]+@[!-;=?-~]+)>|(?P<plain>[!-;=?-~]+@[!-;=?-~]+))\Z")


def dotted(data: bytes) -> bytes:
    """With the dots doubled that begin a line, and the end mark (RFC 5321, 4.5.2)."""
    if b"\r\n." in data or data.startswith(b"."):
        data = (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..")
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def wire_format(message: Message) -> bytes:
    """A message whose sender did not build the bytes: headers, text and, where given, HTML."""
    mime = EmailMessage(policy=WIRE)
    mime["Message-ID"] = one_line(message.message_id)
    mime["From"] = one_line(message.sender)
    mime["To"] = one_line(message.to)
    mime["Subject"] = one_line(message.subject)
    if message.reply_to:
        mime["Reply-To"] = one_line(message.reply_to)
    for name, value in message.headers.items():
        mime[name] = one_line(value)
    mime.set_content(message.text, cte="quoted-printable")
    if message.html:
        mime.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return mime.as_bytes()


def one_line(value: str) -> str:
    return " ".join(value.split())


def envelope_address(stage: str, text: str) -> str:
    """The plain address. Raises Refused for what would not be one argument of a command."""
    found = _MAILBOX.match(one_line(text))
    if found is None:
        raise Refused(f"{stage}: {text!r} is no address that can be sent to")
    return found["named"] or found["plain"]
