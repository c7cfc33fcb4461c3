"""The SMTP side, with faults that can be ordered for the next messages."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from peers.mailbox.store import Store

# What can be ordered, and what it does to one message.
FAULTS = {
    "451": "refused for now at RCPT",
    "550": "refused for good at RCPT: no such mailbox",
    "451_data": "refused for now after the text",
    "550_data": "refused for good after the text",
    "cut_before_data": "the connection is cut instead of an answer to DATA",
    "cut_after_data": "the message is kept, the connection cut instead of the answer",
    "lost_after_data": "the message is lost and the connection cut instead of the answer",
    "slow": "the message is kept, the answer comes after some seconds",
}

LARGEST_MESSAGE = 32 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Fault:
    kind: str
    seconds: float = 2.0


class Faults:
    """A queue of orders: each message uses up one. Ordered from the HTTP thread, used in the SMTP loop."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()
        self._lock = threading.Lock()

    def order(self, kind: str, count: int = 1, seconds: float = 2.0) -> None:
        """Raises ValueError for a fault there is none of."""
        if kind not in FAULTS:
            raise ValueError(f"kind is one of {', '.join(FAULTS)}")
        with self._lock:
            self._waiting.extend([Fault(kind, seconds)] * count)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> int:
        return len(self._waiting)

    def next(self, *kinds: str) -> Fault | None:
        """The order at the head of the queue, if it is one of ``kinds``."""
        if not self._waiting:
            return None
        with self._lock:
            return self._waiting.popleft() if self._waiting and self._waiting[0].kind in kinds else None


class Handler:
    """What aiosmtpd calls. Answers are SMTP reply lines."""

    def __init__(self, store: Store, faults: Faults, pipelining: bool) -> None:
        self.store = store
        self.faults = faults
        self.pipelining = pipelining

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self.pipelining else []), *responses[1:]]

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        fault = self.faults.next("451", "550")
        if fault is not None and fault.kind == "451":
            return "451 4.3.0 Try again later"
        if fault is not None:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
    ) -> str:
        fault = self.faults.next("451_data", "550_data", "cut_after_data", "lost_after_data", "slow")
        kind = fault.kind if fault is not None else ""
        if kind == "451_data":
            return "451 4.3.0 Try again later"
        if kind == "550_data":
            return "550 5.7.1 Message refused"
        if kind != "lost_after_data":
            content = envelope.original_content or b""
            self.store.take(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        if kind in ("cut_after_data", "lost_after_data"):
            cut(server)
        if fault is not None and kind == "slow":
            await asyncio.sleep(fault.seconds)
        return "250 2.0.0 Kept"


def cut(server: SMTP) -> None:
    """Ends the connection without a word."""
    if server.transport is not None:
        transport: Any = server.transport
        transport.abort()


class MailboxSMTP(SMTP):
    """aiosmtpd's server with a DATA that reads the text at once: its own waits for each line by itself,
    which is four fifths of the time of a message of 150 lines."""

    async def smtp_DATA(self, arg: str) -> None:
        handler: Any = self.event_handler
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        if handler.faults.next("cut_before_data"):
            cut(self)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        envelope.original_content = await self._read_text()
        answer = await handler.handle_DATA(self, self.session, envelope)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(answer)

    async def _read_text(self) -> bytes:
        """Up to the line that is one dot; doubled dots made single again. Raises asyncio.IncompleteReadError
        when the client goes away, which aiosmtpd takes as the end of the connection."""
        reader: Any = self._reader
        reader._limit = LARGEST_MESSAGE
        read = bytearray(await reader.readuntil(b".\r\n"))
        while read != b".\r\n" and not read.endswith(b"\r\n.\r\n"):
            read += await reader.readuntil(b".\r\n")
        text = bytes(read[:-3])
        if text.startswith(b".") or b"\r\n." in text:
            text = text.removeprefix(b".").replace(b"\r\n..", b"\r\n.")
        return text


async def serve(store: Store, faults: Faults, host: str, port: int, pipelining: bool) -> asyncio.Server:
    """Listens until the returned server is closed."""
    loop = asyncio.get_running_loop()
    handler = Handler(store, faults, pipelining)

    def connection() -> MailboxSMTP:
        return MailboxSMTP(handler, hostname="mailbox.local", ident="Mailbox", loop=loop, timeout=600)

    return await loop.create_server(connection, host, port)
