"""The catalogue in PostgreSQL: what is declared in code, so that the admin, the API and SQL can read it."""

from __future__ import annotations

from datetime import datetime
from inspect import getdoc
from typing import Any

from django.db import connection

from apps.core.modes import Mode
from apps.runs.models import AutomationEntry
from apps.runs.models.catalogue import EMERGENCY_STOP
from workers.kernel.automation import Automation, Work
from workers.kernel.engine import Engine

_UNCHANGED = ("kind", "summary", "manual", "queue", "schedule", "declared", "editable", "retired")


def sync_catalogue(engine: Engine, *, now: datetime) -> int:
    """Writes declarations that differ from the stored ones; the operator's switch is left alone.
    Returns how many rows changed."""
    stored = AutomationEntry.objects.in_bulk()
    crons = {row.name: row.cron for row in engine.table}
    changed = 0
    for name, work in engine.registry.items():
        entry = AutomationEntry(
            name=name, mode=work.switch.value, known_since=now, **declaration(work, crons.get(name, ""))
        )
        before = stored.get(name)
        if before is None:
            AutomationEntry.objects.bulk_create([entry], ignore_conflicts=True)
        elif any(getattr(before, f) != getattr(entry, f) for f in _UNCHANGED):
            AutomationEntry.objects.filter(name=name).update(**{f: getattr(entry, f) for f in _UNCHANGED})
        else:
            continue
        changed += 1
    gone = [
        n for n, e in stored.items() if n not in engine.registry and n != EMERGENCY_STOP and not e.retired
    ]
    if gone:
        changed += AutomationEntry.objects.filter(name__in=gone).update(retired=True)
    return changed


def declaration(work: Work, cron: str) -> dict[str, Any]:
    manual = getdoc(type(work)) or ""
    declared: dict[str, Any] = {
        "retry": f"{work.retry.attempts} tries, first after {work.retry.first}, at most {work.retry.longest} apart",
        "timeout_seconds": int(work.timeout.total_seconds()),
        "missed": work.missed.value,
        "declared_mode": work.switch.value,
    }
    editable: list[dict[str, str]] = []
    kind = "computation"
    if isinstance(work, Automation):
        kind = "automation"
        limits = work.limits
        declared |= {
            "in_doubt": work.in_doubt.value,
            "change_type": work.change_type,
            "limits": {
                "per_hour": limits.per_hour,
                "per_day": limits.per_day,
                "money_minor_per_day": limits.money_minor_per_day,
                "cooldown_seconds": int(limits.cooldown.total_seconds()) if limits.cooldown else None,
            },
            "prior": [work.prior.successes, work.prior.failures],
            "watched": work.watch is not None,
        }
        editable = [{"name": field.name, "label": field.label} for field in work.editable]
    return {
        "kind": kind,
        "summary": manual.split("\n", 1)[0][:300],
        "manual": manual,
        "queue": work.queue.value,
        "schedule": cron,
        "declared": declared,
        "editable": editable,
        "retired": False,
    }


def known_entries() -> dict[str, tuple[Mode, datetime]]:
    """Switch, and the moment it was first seen, by name."""
    rows = AutomationEntry.objects.filter(retired=False).values_list("name", "mode", "known_since")
    return {name: (Mode(mode), since) for name, mode, since in rows}


def last_slots() -> dict[str, datetime]:
    """The newest scheduled slot of each automation, one index probe apiece."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.name, newest.slot FROM runs_automation a CROSS JOIN LATERAL ("
            " SELECT slot FROM runs_run r WHERE r.automation = a.name AND r.trigger = 'schedule'"
            " ORDER BY slot DESC LIMIT 1) newest"
        )
        return dict(cursor.fetchall())
