"""The doorbell: (automation, kind, id) as a Celery message. It never raises and never waits."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apex.registry import REGISTRY
from apps.core.clock import utc_now
from apps.runs.wake import Kind

log = structlog.get_logger(__name__)

# After a failed ring nobody tries for this long: with Redis away each try would cost a time-out, and
# the sweeper finds the work anyway.
QUIET = timedelta(seconds=5)


# An application of its own: a worker goes on trying to reconnect, but who rings the bell must not wait. With
# kombu's default policy a refused connection is retried for six seconds, on the web request's time.
bell = Celery("bell", set_as_current=False)
bell.config_from_object("apex.celery_settings")
bell.conf.broker_transport_options = {**bell.conf.broker_transport_options, "max_retries": 0}


class Doorbell:
    """Called by whoever wrote a row that needs work, after commit."""

    def __init__(self) -> None:
        self._quiet_until: datetime | None = None
        self._lock = Lock()

    def __call__(self, automation: str, kind: Kind, ident: str) -> None:
        if automation not in REGISTRY or self._is_quiet():
            return
        try:
            bell.send_task(
                automation, args=[kind, ident], queue=REGISTRY[automation].queue.value, retry=False
            )
        except (OperationalError, RedisError, OSError) as problem:
            log.warning("doorbell_failed", automation=automation, kind=kind, error=str(problem))
            with self._lock:
                self._quiet_until = utc_now() + QUIET

    def _is_quiet(self) -> bool:
        return self._quiet_until is not None and utc_now() < self._quiet_until
