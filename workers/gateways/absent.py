"""A vendor that is not configured: every use of it leaves the work waiting and says what to set."""

from __future__ import annotations

from typing import Any

from workers.ports import NotConfigured


class NotThere:
    """Stands in for any port. ``sentence`` tells the operator what is missing."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._refuse

    def _refuse(self, *_: object, **__: object) -> Any:
        raise NotConfigured(self._sentence)
