"""Every automation Apex has: those of the table in beat_schedule.py."""

from beat_schedule import SCHEDULE
from workers.kernel.registry import Registry

REGISTRY = Registry(row.work for row in SCHEDULE)
