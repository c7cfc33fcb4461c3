"""The sinks: one that says yes and forgets, and the local mailbox, which keeps everything."""

from __future__ import annotations

import logging
import socket
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from peers.mailbox.server import Mailbox


def serve(listener: socket.socket) -> None:
    """Plain sockets, one thread a connection."""
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_talk, args=(client,), daemon=True).start()


def _talk(client: socket.socket) -> None:
    """Understands what smtplib sends, and commands in one packet."""
    client.sendall(b"220 sink\r\n")
    buffer = b""
    while True:
        while b"\r\n" not in buffer:
            received = client.recv(65536)
            if not received:
                return
            buffer += received
        line, _, buffer = buffer.partition(b"\r\n")
        command = line[:4].upper()
        if command == b"EHLO":
            client.sendall(b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
        elif command == b"DATA":
            client.sendall(b"354 go on\r\n")
            buffer = _skip_text(client, buffer)
            client.sendall(b"250 taken\r\n")
        elif command == b"QUIT":
            client.sendall(b"221 bye\r\n")
            client.close()
            return
        else:
            client.sendall(b"250 yes\r\n")


def _skip_text(client: socket.socket, buffer: bytes) -> bytes:
    """Reads up to the end mark; returns what came after it."""
    text = b"\r\n" + buffer
    while b"\r\n.\r\n" not in text:
        text += client.recv(262144)
    return text.partition(b"\r\n.\r\n")[2]


def keep_all(told: Connection) -> None:
    """The local mailbox in this process; its SMTP port is sent to ``told``."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        told.send(Mailbox(Path(folder)).start().smtp_port)
        threading.Event().wait()
