"""Stripe's error shape: ``{"error": {"type", "code", "message", "param", …}}`` with its HTTP status."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


class ApiFailure(Exception):
    """An answer other than 200. ``stored``: replayed under its idempotency key, as Stripe does for every
    answer of an endpoint that began to execute; failed parameter checks are not stored."""

    def __init__(self, status: int, kind: str, message: str, *, stored: bool = True, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.stored = stored
        error: Body = {"type": kind, "message": message, **fields}
        if code := error.get("code"):
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{str(code).replace('_', '-')}"
        self.body: Body = {"error": error}


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> ApiFailure:
    """A 400 that concerns the state of things: the endpoint had begun to execute."""
    return ApiFailure(400, "invalid_request_error", message, **_present(code=code, param=param))


def bad_parameter(message: str, *, code: str | None = None, param: str | None = None) -> ApiFailure:
    """A 400 from the check of the parameters, before anything was executed."""
    return ApiFailure(400, "invalid_request_error", message, stored=False, **_present(code=code, param=param))


def missing(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiFailure:
    return ApiFailure(
        status,
        "invalid_request_error",
        f"No such {kind}: '{object_id}'",
        code="resource_missing",
        param=param,
    )


def api_error(status: int) -> ApiFailure:
    return ApiFailure(
        status,
        "api_error",
        "An unknown error occurred. (This is an injected fault of the local peer.)",
        stored=status == 500,
    )


def rate_limited() -> ApiFailure:
    return ApiFailure(
        429,
        "invalid_request_error",
        "Request rate limit exceeded.",
        stored=False,
        code="rate_limit",
    )


def _present(**fields: Any) -> Body:
    return {name: value for name, value in fields.items() if value is not None}
