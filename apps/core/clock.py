"""The only place that reads the time. Views, tasks and commands read it once and pass it on as ``now``."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
