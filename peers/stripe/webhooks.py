"""Delivers signed events from a background thread, again and again until the receiver answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from typing import Any

from peers.stripe.world import World

_TIMEOUT = 10.0  # seconds given to the receiver
_LONGEST = 30.0  # seconds between two attempts; Stripe goes up to hours, a demonstration cannot wait


def signature(payload: bytes, secret: str, timestamp: int) -> str:
    """The ``Stripe-Signature`` header: HMAC-SHA256 of ``{timestamp}.{payload}`` in hexadecimal."""
    signed = f"{timestamp}.".encode() + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Deliverer:
    """One thread; events go in the order of ``place``, each with its own back-off."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stripe-webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self.world.wake.set()
        self._thread.join(timeout=_TIMEOUT + 1)

    def _run(self) -> None:
        while not self._stopped.is_set():
            sent = self._next_due()
            if sent is None:
                self.world.wake.wait(0.2)
                self.world.wake.clear()
            else:
                self._deliver(*sent)

    def _next_due(self) -> tuple[int, int, dict[str, Any]] | None:
        with self.world.lock:
            store = self.world.store
            if store.setting("webhook_hold", False) or not store.setting("webhook_url", ""):
                return None
            row = store.db.execute(
                "SELECT id, attempts, event FROM deliveries "
                "WHERE state='pending' AND due<=? ORDER BY place LIMIT 1",
                (time.time(),),
            ).fetchone()
            event = store.get(row[2]) if row else None
        return (row[0], row[1], event) if row and event else None

    def _deliver(self, delivery: int, attempts: int, event: dict[str, Any]) -> None:
        with self.world.lock:
            url = self.world.store.setting("webhook_url", "")
            secret = self.world.store.setting("webhook_secret", "")
        answer = _post(url, json.dumps(event, indent=2).encode(), secret)
        good = answer.startswith("2")
        wait = min(_LONGEST, 0.5 * 2.0**attempts)
        with self.world.lock:
            self.world.store.db.execute(
                "UPDATE deliveries SET attempts=attempts+1, state=?, answer=?, due=? WHERE id=?",
                ("delivered" if good else "pending", answer, time.time() + wait, delivery),
            )
            if good and (stored := self.world.store.get(event["id"])):
                stored["pending_webhooks"] = 0
                self.world.store.put(stored)


def _post(url: str, payload: bytes, secret: str) -> str:
    """The status, or what went wrong in words."""
    request = urllib.request.Request(  # noqa: S310 - the address comes from the command line or a test
        url,
        data=payload,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(payload, secret, int(time.time())),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310
            with suppress(OSError, HTTPException):  # the status has come; a broken body does not matter
                response.read(1024)
            return str(response.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except (OSError, HTTPException, ValueError) as error:
        return f"failed: {error}"
