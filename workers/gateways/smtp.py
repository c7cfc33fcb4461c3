"""E-mail over SMTP on connections that are kept open, one per thread and process."""

from __future__ import annotations

import os
import select
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from workers.gateways.smtp_wire import dotted, envelope_address, one_line, wire_format
from workers.ports import Handover, Message, OutsideError, Refused, Unavailable, Unknown

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
_LONGEST_LINE = 8192  # bytes; RFC 5321 has 512
_GONE = (smtplib.SMTPServerDisconnected, OSError)


@dataclass(frozen=True, slots=True)
class Server:
    """``smtp://`` is plain, ``smtp+tls://`` demands STARTTLS, ``smtp+ssl://`` is TLS from the first byte."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def from_url(cls, url: str) -> Server:
        """``smtp+tls://user:password@host:587``. Raises ValueError with a sentence for the operator."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("a mail server is given as smtp://, smtp+tls:// or smtp+ssl:// with a host")
        port = parts.port or _PORTS[parts.scheme]
        return cls(
            parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
        )

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


class SmtpMail:
    """Implements ``workers.ports.Mail``. Threads and forked processes may share it: each has its own
    connection.

    ``timeout`` is in seconds, for each answer of the server. After ``per_connection`` messages a new
    connection is made, as many providers allow only so many. ``key_header`` names a header that carries
    the idempotency key, for providers that read one (Resend: ``Resend-Idempotency-Key``).
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 20.0,
        per_connection: int = 500,
        key_header: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.server = Server.from_url(url)
        self.timeout = timeout
        self.per_connection = per_connection
        self.key_header = key_header
        self._tls = tls
        self._local = threading.local()

    def send(self, message: Message, *, key: str) -> Handover:
        """One message to one recipient; see ``workers.ports.Mail`` for what is raised when."""
        data = message.raw or wire_format(message)
        if self.key_header:
            data = f"{self.key_header}: {one_line(key)}\r\n".encode("ascii", "replace") + data
        sender, to = envelope_address("MAIL", message.sender), envelope_address("RCPT", message.to)
        kept = self._kept()
        if kept is not None and kept.is_stale():
            self.close()
            kept = None
        if kept is not None:
            try:
                return Handover(message.message_id, self._send(kept, sender, to, data))
            except Unavailable:
                if kept.usable:
                    raise  # the server's own answer
                # Otherwise it hung up on a connection that had grown old: a new one, once.
        return Handover(message.message_id, self._send(self._connect(), sender, to, data))

    def _send(self, kept: _Connection, sender: str, to: str, data: bytes) -> str:
        try:
            response = kept.send(sender, to, data)
        finally:
            if not kept.usable or kept.sent >= self.per_connection:
                self.close()
        return response

    def close(self) -> None:
        """Ends this thread's connection, politely where it still answers."""
        kept = self._kept()
        self._local.kept = None
        if kept is not None:
            kept.quit()

    def _kept(self) -> _Connection | None:
        kept: _Connection | None = getattr(self._local, "kept", None)
        if kept is None or kept.process == os.getpid():
            return kept
        self._local.kept = None  # the parent's: left alone, it is still in use there
        return None

    def _connect(self) -> _Connection:
        kept = self._local.kept = _Connection(self._open(), os.getpid())
        return kept

    def _open(self) -> smtplib.SMTP:
        """A wrong password or a refused STARTTLS is our own set-up, not this message's fault: try later."""
        server = self.server
        client: smtplib.SMTP | None = None
        try:
            if server.scheme == "smtp+ssl":
                client = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=self.timeout, context=self._context()
                )
            else:
                client = smtplib.SMTP(server.host, server.port, timeout=self.timeout)
            client.ehlo_or_helo_if_needed()
            _sock(client).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.scheme == "smtp+tls":
                client.starttls(context=self._context())
                client.ehlo()
            if server.user:
                client.login(server.user, server.password)
        except (smtplib.SMTPException, OSError) as problem:
            if client is not None:
                client.close()
            raise Unavailable(f"CONNECT: {server!r}: {_say(problem)}") from problem
        return client

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


class _Connection:
    """One open connection. ``usable`` is False once nobody can tell what the server would answer next."""

    def __init__(self, client: smtplib.SMTP, process: int) -> None:
        self._client = client
        self._sock = _sock(client)
        # smtplib's buffered reader of this socket: a second one would miss what this one has read ahead.
        self._replies = client.file or self._sock.makefile("rb")
        self._pipelining = client.has_extn("pipelining")
        self.process = process
        self.sent = 0
        self.usable = True

    def is_stale(self) -> bool:
        """A server that has something to say unasked is saying good-bye (421, or the end of the stream)."""
        waiting = select.poll()
        waiting.register(self._sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return bool(waiting.poll(0))

    def send(self, sender: str, to: str, data: bytes) -> str:
        """Returns the server's last line. Up to the answer to DATA nothing was handed over; from the
        first byte of the text on, only the server's final answer tells."""
        try:
            self._envelope(sender, to)
        except _GONE as problem:
            self.usable = False
            raise Unavailable(f"before DATA: {_say(problem)}") from problem
        try:
            self._sock.sendall(dotted(data))
            code, line = self._answer()
        except _GONE as problem:
            self.usable = False
            raise Unknown(f"after DATA: {_say(problem)}") from problem
        if not 200 <= code <= 599:
            self.usable = False
            raise Unknown(f"after DATA: the server answered {code} {line}")
        if code == 421:
            self.usable = False
        if code >= 400:
            raise _refusal("DATA", code, line)
        self.sent += 1
        return f"{code} {line}"

    def quit(self) -> None:
        if not self.usable:
            self._client.close()
            return
        try:
            self._client.quit()
        except (smtplib.SMTPException, OSError):
            self._client.close()

    def _envelope(self, sender: str, to: str) -> None:
        """MAIL, RCPT and DATA; in one packet where the server understands it (RFC 2920)."""
        commands = {"MAIL": f"MAIL FROM:<{sender}>", "RCPT": f"RCPT TO:<{to}>", "DATA": "DATA"}
        if self._pipelining:
            self._sock.sendall("".join(f"{line}\r\n" for line in commands.values()).encode("ascii"))
        problem: OutsideError | None = None
        for stage, command in commands.items():
            if not self._pipelining:
                self._sock.sendall(f"{command}\r\n".encode("ascii"))
            code, line = self._answer()
            wanted = 354 if stage == "DATA" else 250
            if code == wanted or (stage == "RCPT" and code == 251):
                if stage == "DATA" and problem is not None:
                    self._send_nothing()
                continue
            problem = problem or _refusal(stage, code, line)
            self.usable = self.usable and code not in (421, -1)
            if not self._pipelining or code in (421, -1):
                break
        if problem is not None:
            if self.usable:
                self._reset()
            raise problem

    def _send_nothing(self) -> None:
        """The server took DATA although it took no recipient: an empty text ends it (RFC 2920, 3.1)."""
        self._sock.sendall(b".\r\n")
        self._answer()

    def _reset(self) -> None:
        self._sock.sendall(b"RSET\r\n")
        code, _ = self._answer()
        self.usable = code == 250

    def _answer(self) -> tuple[int, str]:
        """The code and text of one reply; -1 for what is no reply. smtplib's own reader takes five times as
        long, which is a tenth of the time of a message."""
        lines = []
        while True:
            line = self._replies.readline(_LONGEST_LINE)
            if not line.endswith(b"\n"):
                raise smtplib.SMTPServerDisconnected(
                    "the server hung up" if not line else "a reply broke off"
                )
            lines.append(line[4:].strip())
            if line[3:4] != b"-":
                break
        code = int(line[:3]) if line[:3].isdigit() else -1
        return code, b" ".join(lines).decode("utf-8", "replace")[:500]


def _sock(client: smtplib.SMTP) -> socket.socket:
    if client.sock is None:
        raise smtplib.SMTPServerDisconnected("the server hung up")
    return client.sock


def _refusal(stage: str, code: int, line: str) -> OutsideError:
    said = f"{stage}: {code} {line}"
    return Refused(said) if 500 <= code <= 599 else Unavailable(said)


def _say(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        error = problem.smtp_error
        return (
            f"{problem.smtp_code} {error.decode('utf-8', 'replace') if isinstance(error, bytes) else error}"
        )
    return str(problem) or type(problem).__name__
