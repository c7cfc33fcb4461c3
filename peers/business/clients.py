"""Two small HTTP clients: Apex' API as JSON, Stripe's as forms."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TRIES = 8


@dataclass(frozen=True, slots=True)
class Apex:
    url: str
    api_key: str

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's ``data``. Waits and tries again while Apex is away or says "too fast"."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.api_key}"}
        answer = _send(f"{self.url}/api/v1/{path}", json.dumps(body).encode(), headers)
        data: dict[str, Any] = answer["data"]
        return data


@dataclass(frozen=True, slots=True)
class Stripe:
    url: str
    api_key: str

    def create(self, path: str, params: Mapping[str, Any], key: str) -> dict[str, Any]:
        """POST with an idempotency key: a second time gives what the first time gave."""
        body = urllib.parse.urlencode(list(_flat(params))).encode()
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Idempotency-Key": key,
        }
        return _send(f"{self.url}/v1/{path}", body, headers)

    def steer(self, name: str, **body: Any) -> dict[str, Any]:
        """The local Stripe's own controls: its clock, its customers' cards, its webhooks."""
        return _send(
            f"{self.url}/_peer/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )

    def look(self, name: str) -> dict[str, Any]:
        return _send(f"{self.url}/_peer/{name}", None, {})


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Stripe's form of nested parameters: ``items[0][price]=…``."""
    for name, value in params.items():
        path = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        elif isinstance(value, list):
            yield from _flat({str(place): entry for place, entry in enumerate(value)}, path)
        else:
            yield path, str(value)


def _send(url: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
    for attempt in range(TRIES):
        request = urllib.request.Request(url, data=body, headers=dict(headers))  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                parsed: dict[str, Any] = json.loads(answer.read())
                return parsed
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503) or attempt == TRIES - 1:
                raise SystemExit(f"{url} answered {error.code}: {error.read().decode()[:500]}") from None
        except OSError as error:
            if attempt == TRIES - 1:
                raise SystemExit(f"{url} cannot be reached: {error}") from None
        time.sleep(min(20, 2**attempt / 2))
    raise AssertionError("unreachable")
