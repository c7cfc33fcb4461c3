"""The Celery application, and which worker serves which queues. Tasks are made in apex.tasks."""

from __future__ import annotations

import os
from dataclasses import dataclass

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apex.settings.production")

app = Celery("apex")
app.config_from_object("apex.celery_settings")


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """One worker process group: the queues it serves and how many children it has."""

    queues: tuple[str, ...]
    concurrency: int


# Separate workers instead of priorities: on Redis those are approximate, and a newsletter must never
# stand in front of a charge.
QUEUE_GROUPS = {
    "control": QueueGroup(("tick", "default"), 2),  # a long night job must not hold up the tick
    "money": QueueGroup(("money",), 2),
    "mail": QueueGroup(("mail",), 1),
    "growth": QueueGroup(("growth",), 1),
    "platform": QueueGroup(("platform",), 1),
}
