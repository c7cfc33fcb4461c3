"""One suite on both mail gateways: the scripted one and real SMTP against a real server."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from peers.mailbox.server import Mailbox
from workers.gateways.scripted_mail import AnswerLost, ScriptedMail
from workers.gateways.smtp import Server, SmtpMail
from workers.gateways.smtp_wire import wire_format
from workers.ports import Mail, Message, Refused, Unavailable, Unknown

pytestmark = pytest.mark.enable_socket
logging.getLogger("mail.log").setLevel(logging.ERROR)


def message(number: int = 1, **fields: Any) -> Message:
    values = {
        "sender": "Apex <hello@apex.example>",
        "to": "ada@example.com",
        "subject": "Hello",
        "text": "Hi.\n",
    }
    return Message(message_id=f"<{number}@apex.example>", **{**values, **fields})


@dataclass
class World:
    """A gateway, how to order what happens to the next message, and how many the server kept."""

    mail: Mail
    order: Callable[[str], None]
    kept: Callable[[], int]


SCRIPT = {
    "451": Unavailable("RCPT: 451 4.3.0 Try again later"),
    "550": Refused("RCPT: 550 5.1.1 No such user here"),
    "451_data": Unavailable("DATA: 451 4.3.0 Try again later"),
    "550_data": Refused("DATA: 550 5.7.1 Message refused"),
    "cut_before_data": Unavailable("before DATA: cut"),
    "cut_after_data": AnswerLost("after DATA: cut"),
    "lost_after_data": Unknown("after DATA: cut"),
}


@pytest.fixture(params=["smtp", "smtp pipelining"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path, pipelining=request.param == "smtp pipelining").start()
    yield box
    box.stop()


@pytest.fixture(params=["scripted", "smtp", "smtp pipelining"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "scripted":
        scripted = ScriptedMail()
        yield World(
            scripted, lambda kind: scripted.next_answers(SCRIPT[kind]), lambda: len(scripted.deliveries)
        )
        return
    box = Mailbox(tmp_path, pipelining=request.param == "smtp pipelining").start()
    mail = SmtpMail(box.smtp_url, timeout=5)
    yield World(mail, box.faults.order, lambda: box.store.stats()["total"])
    mail.close()
    box.stop()


def test_takes_over_and_says_so(world: World) -> None:
    handover = world.mail.send(message(), key="mail:1:0")
    assert handover.message_id == "<1@apex.example>"
    assert handover.response.startswith("250 ")
    assert world.kept() == 1


@pytest.mark.parametrize(
    ("kind", "error", "kept", "said"),
    [
        ("451", Unavailable, 0, "RCPT: 451"),
        ("550", Refused, 0, "RCPT: 550 5.1.1"),
        ("451_data", Unavailable, 0, "DATA: 451"),
        ("550_data", Refused, 0, "DATA: 550"),
        ("cut_before_data", Unavailable, 0, "before DATA"),
        ("cut_after_data", Unknown, 1, "after DATA"),
        ("lost_after_data", Unknown, 0, "after DATA"),
    ],
)
def test_each_failure_is_named_for_what_it_is(
    world: World, kind: str, error: type[Exception], kept: int, said: str
) -> None:
    world.order(kind)
    with pytest.raises(error, match=said) as caught:
        world.mail.send(message(1), key="k1")
    assert type(caught.value) in (error, AnswerLost)
    assert world.kept() == kept
    world.mail.send(message(2), key="k2")  # the gateway is none the worse for it
    assert world.kept() == kept + 1


@pytest.mark.parametrize("kind", ["451", "550", "451_data", "550_data", "cut_before_data", "cut_after_data"])
def test_failures_on_a_kept_connection_are_the_same(world: World, kind: str) -> None:
    world.mail.send(message(1), key="k1")
    world.order(kind)
    if kind == "cut_before_data":
        # The gateway cannot tell this from an idle connection that was closed, and tries a new one, once.
        world.order(kind)
        if isinstance(world.mail, ScriptedMail):
            world.mail.next_answers(None)
    with pytest.raises((Refused, Unavailable, Unknown)):
        world.mail.send(message(2), key="k2")
    if isinstance(world.mail, ScriptedMail):
        return
    before = world.kept()
    world.mail.send(message(3), key="k3")
    assert world.kept() == before + 1


def test_what_arrives_is_what_was_sent(mailbox: Mailbox) -> None:
    mail = SmtpMail(mailbox.smtp_url)
    text = ".\n..two dots\nFrom here\n.\nLong " + "ü" * 300 + "\n"
    mail.send(
        message(subject="Grüße, 世界 🎉", text=text, html="<p>é</p>", reply_to="r@apex.example"), key="k"
    )
    mail.close()
    raw = mailbox.store.raw(1)
    assert raw is not None
    parsed = message_from_bytes(raw, _class=EmailMessage, policy=default)
    assert parsed["Subject"] == "Grüße, 世界 🎉"
    assert parsed["From"].addresses[0].addr_spec == "hello@apex.example"
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == text
    assert html is not None
    assert html.get_content().strip() == "<p>é</p>"
    found = mailbox.store.message(1)
    assert found is not None
    assert found["from"] == "hello@apex.example"
    assert found["to"] == "ada@example.com"


@pytest.mark.parametrize("body", [b".", b"..", b"a\r\n.\r\nb", b".\r\n", b"end.\r\n.x", b"", b"x\r\n"])
def test_dots_at_line_starts_survive(mailbox: Mailbox, body: bytes) -> None:
    raw = b"Message-ID: <1@apex.example>\r\n\r\n" + body
    mail = SmtpMail(mailbox.smtp_url)
    mail.send(message(raw=raw), key="k")
    mail.close()
    arrived = mailbox.store.raw(1)
    mailbox.store.flush()
    assert arrived is not None
    assert arrived == raw if raw.endswith(b"\r\n") else arrived == raw + b"\r\n"


def test_one_connection_serves_many_messages_and_is_renewed(mailbox: Mailbox) -> None:
    mail = SmtpMail(mailbox.smtp_url, per_connection=3)
    peers = []
    for number in range(7):
        mail.send(message(number), key=str(number))
        kept = mail._kept()
        peers.append(kept._client.sock.getsockname()[1] if kept else None)
    assert len(set(peers[:2])) == 1
    assert peers[2] is None
    assert len({port for port in peers if port}) == 3
    assert mailbox.store.stats() == {"total": 7, "unique": 7, "duplicates": 0}
    mail.close()


def test_a_restarted_server_is_met_with_a_new_connection(tmp_path: Path) -> None:
    first = Mailbox(tmp_path).start()
    mail = SmtpMail(first.smtp_url)
    mail.send(message(1), key="k1")
    first.stop()
    with pytest.raises(Unavailable):
        mail.send(message(2), key="k2")
    second = Mailbox(tmp_path, smtp_port=first.smtp_port).start()
    mail.send(message(2), key="k2")
    assert second.store.stats()["total"] == 2
    mail.close()
    second.stop()


def test_threads_do_not_share_a_connection(mailbox: Mailbox) -> None:
    mail = SmtpMail(mailbox.smtp_url)

    def send_some(start: int) -> None:
        for number in range(start, start + 20):
            mail.send(message(number), key=str(number))
        mail.close()

    threads = [threading.Thread(target=send_some, args=(100 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mailbox.store.stats() == {"total": 80, "unique": 80, "duplicates": 0}


def test_a_slow_answer_is_waited_for_and_a_too_slow_one_is_unknown(mailbox: Mailbox) -> None:
    mail = SmtpMail(mailbox.smtp_url, timeout=1.0)
    mailbox.faults.order("slow", seconds=0.2)
    assert mail.send(message(1), key="k1").response.startswith("250")
    mailbox.faults.order("slow", seconds=5)
    with pytest.raises(Unknown):
        mail.send(message(2), key="k2")
    mail.close()


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="CONNECT"):
            SmtpMail(f"smtp://127.0.0.1:{held.getsockname()[1]}", timeout=1).send(message(), key="k")


def test_starttls_is_demanded_not_hoped_for(mailbox: Mailbox) -> None:
    url = mailbox.smtp_url.replace("smtp://", "smtp+tls://")
    with pytest.raises(Unavailable, match="CONNECT"):
        SmtpMail(url, timeout=2).send(message(), key="k")
    assert mailbox.store.stats()["total"] == 0


@pytest.mark.parametrize(
    "to", ["a@b.co>\r\nRCPT TO:<x@y.co", "ä@example.com", "nobody", "a b@example.com", "<>@x"]
)
def test_an_address_is_one_argument_or_refused(mailbox: Mailbox, to: str) -> None:
    mail = SmtpMail(mailbox.smtp_url)
    with pytest.raises(Refused):
        mail.send(message(to=to), key="k")
    assert mailbox.store.stats()["total"] == 0


def test_the_key_goes_along_where_the_provider_reads_one(mailbox: Mailbox) -> None:
    mail = SmtpMail(mailbox.smtp_url, key_header="Resend-Idempotency-Key")
    mail.send(message(), key="mail:7:0")
    mail.close()
    raw = mailbox.store.raw(1)
    assert raw is not None
    assert raw.startswith(b"Resend-Idempotency-Key: mail:7:0\r\n")


def test_header_values_cannot_start_a_new_header() -> None:
    raw = wire_format(message(subject="Hi\r\nBcc: x@y.co", headers={"X-Note": "a\nBcc: z@y.co"}))
    assert message_from_bytes(raw, policy=default)["Bcc"] is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "")),
        ("smtp+tls://u%40x:p%3Aw@mail.example", ("mail.example", 587, "u@x")),
        ("smtp+ssl://u:p@mail.example:2465", ("mail.example", 2465, "u")),
    ],
)
def test_server_from_url(url: str, expected: tuple[str, int, str]) -> None:
    server = Server.from_url(url)
    assert (server.host, server.port, server.user) == expected
    assert "p" not in repr(server).removeprefix("smtp").partition("://")[2].replace("example", "")


@pytest.mark.parametrize("url", ["", "http://x", "smtp://", "mail.example:25"])
def test_a_wrong_url_is_said_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="mail server"):
        SmtpMail(url)
