"""So many requests a minute and key, counted in PostgreSQL: exact over all processes, and independent of
Redis."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.access.actions import count_request
from apps.access.models import ApiKey
from apps.core.clock import utc_now


class ApiKeyThrottle(BaseThrottle):
    """Requests without a key are not counted here: they need the admin's session."""

    seconds_left: float = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiKey):
            return True
        now = utc_now()
        self.seconds_left = 60 - now.second
        return count_request(request.auth.pk, now) <= request.auth.rate_per_minute

    def wait(self) -> float:
        return self.seconds_left
