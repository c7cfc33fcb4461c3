"""Pages of a list, and answers to requests of which a part may be refused."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import LimitOffsetPagination

from apps.access.http import Answer


class Page(LimitOffsetPagination):
    default_limit = 100
    max_limit = 1000


def partly(data: dict[str, Any], taken: int) -> Answer:
    """200 when anything was taken, or nothing was wrong; 422 when everything was refused."""
    refused = len(data["refused"])
    if not refused:
        return Answer(data)
    if taken:
        return Answer(data, f"{taken} taken, {refused} refused: see data.refused")
    return Answer(data, "Everything was refused: see data.refused", 422)
