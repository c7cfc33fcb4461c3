from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.contracts.payments_worlds import Real, real


@pytest.fixture
def world() -> Iterator[Real]:
    with real() as found:
        yield found


class Receiver:
    """A webhook endpoint that keeps what it gets. The first ``refusals`` deliveries are answered 500."""

    def __init__(self) -> None:
        self.refusals = 0
        self.got: list[tuple[dict[str, Any], bytes, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused, receiver.refusals = receiver.refusals > 0, max(0, receiver.refusals - 1)
                if not refused:
                    receiver.got.append((json.loads(body), body, self.headers["Stripe-Signature"]))
                self.send_response(500 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhooks/stripe"

    @property
    def types(self) -> list[str]:
        return [event["type"] for event, _, _ in self.got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()
