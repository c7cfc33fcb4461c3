"""One API request from end to end: key, idempotency, fault, execution, answer."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from peers.stripe import catalogue, customers, invoices, subscriptions
from peers.stripe.answers import Answer, authenticate, canonical, encoded, failed, key_misused
from peers.stripe.errors import ApiFailure, api_error, rate_limited
from peers.stripe.faults import Fault
from peers.stripe.objects import API_VERSION, expanded
from peers.stripe.params import check, decode
from peers.stripe.routes import resolve
from peers.stripe.world import World

ROUTES = [*customers.ROUTES, *catalogue.ROUTES, *subscriptions.ROUTES, *invoices.ROUTES]


@dataclass(slots=True)
class Request:
    """As it came over the wire; ``form`` is the query of a GET or DELETE, else the body."""

    method: str
    target: str
    authorization: str
    key: str | None
    form: str

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


class Api:
    """Serves requests against the world. Thread-safe: execution is serial, waiting is not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._busy: set[str] = set()
        self._busy_lock = threading.Lock()

    def serve(self, request: Request, fault: Fault | None) -> Answer:
        """The answer, with Stripe's headers. The caller has waited out the fault's latency."""
        request_id = f"req_{secrets.token_hex(7)}"
        try:
            authenticate(request.authorization)
            answer = self._guarded(request, fault, request_id)
        except ApiFailure as failure:
            answer = failed(failure)
        answer.headers.setdefault("Request-Id", request_id)
        answer.headers["Stripe-Version"] = API_VERSION
        if request.key:
            answer.headers["Idempotency-Key"] = request.key
        if answer.status == 500:
            answer.headers["Stripe-Should-Retry"] = "false"  # its idempotency layer would replay it anyway
        self._log(request, answer)
        return answer

    def reserve(self, key: str | None) -> bool:
        """False when another request under this key is being served."""
        if key is None:
            return True
        with self._busy_lock:
            if key in self._busy:
                return False
            self._busy.add(key)
            return True

    def release(self, key: str | None) -> None:
        with self._busy_lock:
            self._busy.discard(key or "")

    def _guarded(self, request: Request, fault: Fault | None, request_id: str) -> Answer:
        if fault and fault.before in (503, 429):
            failure = rate_limited() if fault.before == 429 else api_error(503)
            return failed(failure, fault.retry_after)
        world = self.world
        with world.lock:
            world.key, world.request_id = request.key, request_id
            world.store.begin()
            try:
                answer = self._replayed(request) or self._executed(request, fault)
            except BaseException:
                world.store.rollback()
                raise
            world.store.commit()
        if fault and fault.after == "drop":
            answer.drop = True
        if fault and fault.garbage:
            answer.body = b"<html><body>Bad gateway</body></html>"
        return answer

    def _replayed(self, request: Request) -> Answer | None:
        row = self.world.store.db.execute(
            "SELECT method, path, params, status, body FROM idempotency WHERE key=?", (request.key,)
        ).fetchone()
        if row is None:
            return None
        method, path, params, status, body = row
        if (method, path) != (request.method, request.path):
            raise key_misused(
                f"Keys for idempotent requests can only be used for the same endpoint they were first "
                f"used for ('{path}' vs '{request.path}'). Try using a key other than "
                f"'{request.key}' if you meant to execute a different request."
            )
        if params != canonical(request.form):
            raise key_misused(
                f"Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{request.key}' if you meant to "
                "execute a different request."
            )
        return Answer(status, body, {"Idempotent-Replayed": "true"})

    def _executed(self, request: Request, fault: Fault | None) -> Answer:
        """Runs the handler. A decline (402) changes things; every other failure leaves no trace."""
        store = self.world.store
        store.db.execute("SAVEPOINT handler")
        stored = True
        try:
            if fault and fault.before == 500:
                raise api_error(500)
            answer = Answer(200, encoded(self._handled(request)))
            if fault and fault.after == 500:
                raise ApiFailure(
                    500, "api_error", "The request was carried out, then something broke.", acted=True
                )
        except ApiFailure as failure:
            stored = failure.stored
            if failure.status != 402 and not failure.body["error"].pop("acted", False):
                store.db.execute("ROLLBACK TO handler")
            answer = failed(failure)
        store.db.execute("RELEASE handler")
        if request.key and stored:
            store.db.execute(
                "INSERT INTO idempotency VALUES (?,?,?,?,?,?)",
                (
                    request.key,
                    request.method,
                    request.path,
                    canonical(request.form),
                    answer.status,
                    answer.body,
                ),
            )
        return answer

    def _handled(self, request: Request) -> dict[str, Any]:
        route, ids = resolve(ROUTES, request.method, request.path)
        params = check(decode(request.form), route.spec)
        paths = params.pop("expand", [])
        body = route.handler(self.world, params, *ids)
        return expanded(self.world.store, body, paths) if paths else body

    def _log(self, request: Request, answer: Answer) -> None:
        status = "dropped" if answer.drop else str(answer.status)
        if answer.headers.get("Idempotent-Replayed"):
            status += " replayed"
        with self.world.lock:
            self.world.store.db.execute(
                "INSERT INTO requests (at, method, path, status, key) VALUES (?,?,?,?,?)",
                (self.world.now(), request.method, request.path, status, request.key),
            )
