"""The doorbell: (automation, kind, id) as a Celery message. It never raises and never waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apex.celery import app
from apex.registry import REGISTRY
from apps.core.clock import utc_now
from apps.runs.wake import Kind

log = structlog.get_logger(__name__)

# After a failed ring nobody tries for this long: with Redis away each try would cost a time-out, and
# the sweeper finds the work anyway.
QUIET = timedelta(seconds=5)


class Doorbell:
    """Called by whoever wrote a row that needs work, after commit."""

    def __init__(self) -> None:
        self._quiet_until: datetime | None = None
        self._lock = Lock()

    def __call__(self, automation: str, kind: Kind, ident: str) -> None:
        if automation not in REGISTRY or self._is_quiet():
            return
        try:
            app.send_task(automation, args=[kind, ident], queue=REGISTRY[automation].queue.value, retry=False)
        except (OperationalError, RedisError, OSError) as problem:
            log.warning("doorbell_failed", automation=automation, kind=kind, error=str(problem))
            with self._lock:
                self._quiet_until = utc_now() + QUIET

    def _is_quiet(self) -> bool:
        return self._quiet_until is not None and utc_now() < self._quiet_until
