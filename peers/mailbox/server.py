"""One process: SMTP in the event loop, the page in a thread of its own."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import threading
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

from peers.mailbox.smtp import Faults, serve
from peers.mailbox.store import Store
from peers.mailbox.web import handler_for


@dataclass
class Mailbox:
    """A running mailbox, in threads; for tests and for ``main``. Port 0 takes any free one."""

    folder: Path
    host: str = "127.0.0.1"
    smtp_port: int = 0
    http_port: int = 0
    pipelining: bool = True  # whether the server says it takes commands in one packet

    def start(self) -> Mailbox:
        self.store = Store(self.folder)
        self.faults = Faults()
        self._loop = asyncio.new_event_loop()
        self._smtp_thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="mailbox-smtp")
        self._smtp_thread.start()
        listening = serve(self.store, self.faults, self.host, self.smtp_port, self.pipelining)
        self._smtp = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]
        self._http = ThreadingHTTPServer((self.host, self.http_port), handler_for(self.store, self.faults))
        self.http_port = self._http.server_address[1]
        threading.Thread(
            target=self._http.serve_forever, args=(0.05,), daemon=True, name="mailbox-http"
        ).start()
        return self

    @property
    def smtp_url(self) -> str:
        return f"smtp://{self.host}:{self.smtp_port}"

    @property
    def http_url(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    def stop(self) -> None:
        """Cuts the connections, writes what is pending and lets the ports go."""
        self._http.shutdown()
        self._http.server_close()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._smtp_thread.join(10)
        self._loop.close()
        self.store.close()

    async def _end(self) -> None:
        self._smtp.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.mailbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=8025)
    parser.add_argument("--data", type=Path, required=True, help="folder of the SQLite file")
    options = parser.parse_args()
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    try:
        mailbox = Mailbox(options.data, options.host, options.smtp_port, options.http_port).start()
    except OSError as problem:
        raise SystemExit(
            f"mailbox: cannot start on ports {options.smtp_port}, {options.http_port}: {problem}"
        ) from None
    print(f"mailbox: {mailbox.smtp_url} {mailbox.http_url}/", flush=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    mailbox.stop()
