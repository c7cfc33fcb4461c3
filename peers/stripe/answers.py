"""Answers that are not objects: failures, a key in use, a request without a key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from peers.stripe.errors import ApiFailure
from peers.stripe.params import decode


@dataclass(slots=True)
class Answer:
    """``drop``: act as if the connection broke; nothing is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


def in_use(key: str) -> Answer:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later."
    )
    return failed(ApiFailure(409, "idempotency_error", message, code="idempotency_key_in_use"))


def authenticate(authorization: str) -> None:
    scheme, _, key = authorization.partition(" ")
    if scheme != "Bearer" or not key:
        raise ApiFailure(
            401,
            "invalid_request_error",
            "You did not provide an API key. You need to provide your "
            "API key in the Authorization header, using Bearer auth.",
            stored=False,
        )
    if not key.startswith("sk_test_"):
        raise ApiFailure(
            401, "invalid_request_error", f"Invalid API Key provided: {key[:7]}****", stored=False
        )


def key_misused(message: str) -> ApiFailure:
    return ApiFailure(400, "idempotency_error", message, stored=False)


def failed(failure: ApiFailure, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Answer(failure.status, encoded(failure.body), headers)


def canonical(form: str) -> str:
    return json.dumps(decode(form), sort_keys=True)


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, indent=2).encode()
