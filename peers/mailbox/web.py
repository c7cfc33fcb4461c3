"""The page, the JSON and the orders for faults. Everything a message holds is escaped or sandboxed."""

from __future__ import annotations

import json
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from peers.mailbox import pages
from peers.mailbox.smtp import FAULTS, Faults
from peers.mailbox.store import Store, to_json

_PAGE = 50
_LARGEST_BODY = 65536


def handler_for(store: Store, faults: Faults) -> type[BaseHTTPRequestHandler]:
    return type("MailboxPage", (_Page,), {"store": store, "faults": faults})


class _Page(BaseHTTPRequestHandler):
    store: Store
    faults: Faults
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        # Head and body are two writes; the second would wait for the client's delayed acknowledgement.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        parts = [part for part in url.path.split("/") if part]
        match parts:
            case []:
                self._list(query)
            case ["message", ident] if ident.isdecimal():
                self._message(int(ident))
            case ["message", ident, "raw"] if ident.isdecimal():
                self._answer(self.store.raw(int(ident)), "text/plain; charset=utf-8")
            case ["api", "messages"]:
                self._json(self._newest(query))
            case ["api", "messages", ident] if ident.isdecimal():
                self._json(self.store.message(int(ident)))
            case ["api", "stats"]:
                self._json(self.store.stats())
            case ["health"]:
                self._json({"ok": True})
            case _:
                self._answer(None, "text/plain")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, _LARGEST_BODY))
        match urlsplit(self.path).path.rstrip("/"):
            case "/_peer/faults":
                self._order(body)
            case "/_peer/reset":
                self.faults.clear()
                self.store.clear()
                self._json({"ok": True})
            case _:
                self._answer(None, "text/plain")

    def _order(self, body: bytes) -> None:
        try:
            order = json.loads(body)
            self.faults.order(
                str(order["kind"]), int(order.get("count", 1)), float(order.get("seconds", 2.0))
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            self._json({"error": str(problem), "kinds": FAULTS}, HTTPStatus.BAD_REQUEST)
            return
        self._json({"waiting": self.faults.waiting()})

    def _newest(self, query: dict[str, str]) -> list[dict[str, Any]]:
        before = query.get("before", "")
        limit = query.get("limit", "")
        return self.store.newest(
            query.get("q", ""),
            min(1000, int(limit)) if limit.isdecimal() else _PAGE,
            int(before) if before.isdecimal() else None,
        )

    def _list(self, query: dict[str, str]) -> None:
        rows = self._newest(query)
        html = pages.listing(rows, self.store.stats(), query.get("q", ""), more=len(rows) == _PAGE)
        self._answer(html.encode(), "text/html; charset=utf-8")

    def _message(self, ident: int) -> None:
        message = self.store.message(ident)
        html = None if message is None else pages.message(message).encode("utf-8", "replace")
        self._answer(html, "text/html; charset=utf-8")

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(None if value is None else to_json(value), "application/json", status)

    def _answer(self, body: bytes | None, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        if body is None:
            body, kind, status = b"not here\n", "text/plain; charset=utf-8", HTTPStatus.NOT_FOUND
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing: the mailbox is asked many times a second by tests."""
