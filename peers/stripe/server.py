"""The HTTP side: sockets, keep-alive, broken connections."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from peers.stripe.answers import Answer, in_use
from peers.stripe.control import steer
from peers.stripe.errors import ApiFailure
from peers.stripe.page import render
from peers.stripe.serving import Api, Request
from peers.stripe.webhooks import Deliverer
from peers.stripe.world import World


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    peer: StripePeer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *_args: Any) -> None:
        """Requests are in the database and on the page, not on the terminal."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        if urlsplit(self.path).path.startswith("/_peer"):
            self._control(body)
        else:
            self._api(body)

    def _api(self, body: str) -> None:
        peer = self.server.peer
        request = Request(
            method=self.command,
            target=self.path,
            authorization=self.headers.get("Authorization", ""),
            key=self.headers.get("Idempotency-Key") if self.command == "POST" else None,
            form=body if self.command == "POST" else urlsplit(self.path).query,
        )
        fault = peer.world.faults.take(request.method, request.path)
        if fault and fault.before == "reset":
            self._reset()
            return
        if not peer.api.reserve(request.key):
            self._send(in_use(str(request.key)))
            return
        try:
            time.sleep((peer.latency_ms + (fault.latency_ms if fault else 0)) / 1000)
            answer = peer.api.serve(request, fault)
        finally:
            peer.api.release(request.key)
        if answer.drop:
            self._reset()
        else:
            self._send(answer)

    def _control(self, body: str) -> None:
        path = urlsplit(self.path).path.removeprefix("/_peer").strip("/")
        if not path:
            page = render(self.server.peer.world).encode()
            self._send(Answer(200, page), "text/html; charset=utf-8")
            return
        try:
            found = steer(self.server.peer.world, self.command, path, json.loads(body or "{}"))
            self._send(Answer(200, json.dumps(found).encode()))
        except ApiFailure as failure:
            self._send(Answer(failure.status, json.dumps(failure.body).encode()))

    def _send(self, answer: Answer, kind: str = "application/json") -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Closes with RST, as a broken network does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class StripePeer:
    """A running peer: ``with StripePeer() as peer: StripeClient(…, base_addresses={"api": peer.url})``.

    ``data`` None keeps everything in memory; port 0 takes a free one. ``control``: the control API.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        port: int = 0,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        latency_ms: int = 0,
    ) -> None:
        self.world = World.open(data)
        self.api = Api(self.world)
        self.latency_ms = latency_ms
        if webhook_url is not None:
            self.control("POST", "webhooks", url=webhook_url, secret=webhook_secret or "")
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.peer = self
        self._deliverer = Deliverer(self.world)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="stripe-peer", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        self._deliverer.start()
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._deliverer.stop()
        with self.world.lock:
            self.world.store.close()

    def wait(self) -> None:
        """Until interrupted."""
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def control(self, method: str, name: str, /, **body: Any) -> Mapping[str, Any]:
        return steer(self.world, method, name, body)

    def ledger(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The peer's own books, oldest first."""
        entries = self.control("GET", "ledger")["entries"]
        return [entry for entry in entries if kind in (None, entry["kind"])]

    def settled(self, seconds: float = 10) -> bool:
        """Waits until every webhook is delivered; False when that took longer."""
        deadline = time.monotonic() + seconds
        while self.control("GET", "webhooks")["pending"]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
