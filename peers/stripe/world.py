"""The peer's state and its voice: clock, objects, events. One request at a time changes it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers.stripe.errors import missing
from peers.stripe.faults import Faults
from peers.stripe.objects import API_VERSION, Object, make, new_id
from peers.stripe.store import Store


@dataclass(slots=True)
class World:
    """Everything handlers may touch. ``key`` and ``request_id`` are those of the request being served."""

    store: Store
    faults: Faults
    lock: threading.RLock = field(default_factory=threading.RLock)
    wake: threading.Event = field(default_factory=threading.Event)
    key: str | None = None
    request_id: str | None = None

    @classmethod
    def open(cls, folder: Path | None) -> World:
        return cls(store=Store(folder), faults=Faults())

    def now(self) -> int:
        """Seconds since the epoch by the peer's clock, which the control API can move forward."""
        return int(time.time()) + int(self.store.setting("clock_ahead", 0))

    def make(self, kind: str, **fields: Any) -> Object:
        return make(kind, now=self.now(), **fields)

    def find(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Object:
        """The object, or Stripe's ``resource_missing``: 404 in the path, 400 in a parameter."""
        found = self.store.get(object_id)
        if found is None or found["object"] != kind:
            label = "PaymentMethod" if kind == "payment_method" else kind
            raise missing(label, object_id, param=param, status=status)
        return found

    def referred(self, kind: str, object_id: str, param: str) -> Object:
        return self.find(kind, object_id, param=param, status=400)

    def emit(self, kind: str, body: Object, *, previous: Mapping[str, Any] | None = None) -> Object:
        """Records an event with a snapshot of ``body`` and queues its delivery."""
        data: Object = {"object": deepcopy(body)}
        if previous is not None:
            data["previous_attributes"] = dict(previous)
        url = self.store.setting("webhook_url", "")
        copies = int(self.store.setting("webhook_repeat", 1)) if url else 0
        event = make(
            "event",
            now=self.now(),
            id=new_id("event"),
            api_version=API_VERSION,
            data=data,
            type=kind,
            pending_webhooks=min(copies, 1),
            request={"id": self.request_id, "idempotency_key": self.key},
        )
        self.store.put(event)
        for _ in range(copies):
            self.store.db.execute(
                "INSERT INTO deliveries (event, due, place) VALUES (?, ?, "
                "(SELECT coalesce(max(id), 0) + 1 FROM deliveries))",
                (event["id"], time.time()),
            )
        self.wake.set()
        return event

    def save(self, body: Object, *, parent: str | None = None, event: str | None = None) -> Object:
        self.store.put(body, parent=parent)
        if event:
            self.emit(event, body)
        return body

    def change(self, body: Object, event: str, **fields: Any) -> Object:
        """Writes ``fields``; says so by ``event`` with the former values, if anything differs."""
        previous = {name: body.get(name) for name, value in fields.items() if body.get(name) != value}
        body.update(fields)
        self.store.put(body)
        if previous:
            self.emit(event, body, previous=previous)
        return body


def merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Metadata as Stripe merges it: single keys are replaced, an empty value removes one."""
    if not new:
        return {}
    return {name: value for name, value in {**old, **new}.items() if value != ""}
