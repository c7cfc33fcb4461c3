"""The API's description: how one logs in, the envelope, and the errors every address may answer with."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

_ERRORS = {
    "400": "The request is not valid",
    "401": "No API key, or one that is not valid",
    "403": "The key lacks the scope",
    "404": "No such resource",
    "413": "The body is too large",
    "415": "The body is not application/json",
    "429": "More requests than the key's rate; Retry-After says when to come back",
    "503": "The database cannot be reached; send the request again",
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Shown as a bearer token in the API's pages."""

    target_class = "apps.access.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "apex_…"}


def envelope(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: wraps each JSON answer under /api/v1/ and adds the common errors."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = _wrapped(
        {"nullable": True}, success=False
    )
    for path, operations in result.get("paths", {}).items():
        if not path.startswith("/api/v1/"):
            continue
        for method, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                _wrap(operation["responses"], method)
    return result


def _wrap(responses: dict[str, Any], method: str) -> None:
    for code, response in responses.items():
        body = response.get("content", {}).get("application/json")
        if body is not None and not code.startswith("5"):
            body["schema"] = _wrapped(body.get("schema", {}), success=code < "4")
    for code, description in _ERRORS.items():
        if code in {"413", "415"} and method == "get":
            continue
        responses.setdefault(
            code,
            {
                "description": description,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        )


def _wrapped(data: dict[str, Any], *, success: bool) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "success": {"type": "boolean", "enum": [success]},
            "message": {"type": "string"},
            "data": data,
        },
        "required": ["success", "message", "data"],
    }
