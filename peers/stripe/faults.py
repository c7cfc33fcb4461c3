"""Faults on order: the next N matching requests are slow, refused, lost after acting, or garbled."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

from peers.stripe.errors import bad_parameter


@dataclass(slots=True)
class Fault:
    """``before``: 500, 503, 429 or "reset", nothing is done. ``after``: "drop" or 500, it is done first.
    ``retry_after`` is in seconds and goes with 429 and 503. ``garbage``: done, but the answer is no JSON."""

    path: str = ".*"
    method: str = ""
    times: int = 1
    latency_ms: int = 0
    before: int | str = ""
    after: int | str = ""
    retry_after: int | None = None
    garbage: bool = False

    def matches(self, method: str, path: str) -> bool:
        return (not self.method or self.method == method) and re.search(self.path, path) is not None


_ALLOWED = {"before": (500, 503, 429, "reset", ""), "after": ("drop", 500, "")}


class Faults:
    """A list used up in order of arrival; each request meets at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, **fields: Any) -> Fault:
        for name, allowed in _ALLOWED.items():
            if fields.get(name, "") not in allowed:
                raise bad_parameter(f"{name} must be one of {allowed}", param=name)
        try:
            fault = Fault(**fields)
            re.compile(fault.path)
        except (TypeError, re.error) as error:
            raise bad_parameter(str(error)) from None
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.matches(method, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None
