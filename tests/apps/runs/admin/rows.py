"""Rows for the admin's tests, each valid as the kernel would have written it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission, User

from apps.runs.models import (
    AutomationEntry,
    Effect,
    EvolutionEntry,
    Heartbeat,
    Proposal,
    Run,
    Step,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def automation(name: str = "platform.create_index", **changes: Any) -> AutomationEntry:
    fields: dict[str, Any] = {
        "summary": "Builds an index where a query takes over a second.",
        "manual": "Reads: slow queries.\nChanges: one index.\nTo stop: switch it off.",
        "queue": "platform",
        "schedule": "*/15 * * * *",
        "declared": {"change_type": "create_index", "limits": {"per_hour": 20}},
        "editable": [{"name": "columns", "label": "Columns"}],
        "known_since": NOW - timedelta(days=30),
    }
    return AutomationEntry.objects.create(name=name, **{**fields, **changes})


def unsaved_proposal(number: int, **changes: Any) -> Proposal:
    fields: dict[str, Any] = {
        "automation": "platform.create_index",
        "change_type": "create_index",
        "effect_key": f"platform:index:{number}",
        "subject_id": number,
        "title": f"Index number {number}",
        "reason": "A query reads the whole table.",
        "waits_because": "Confidence 0.78 and risk 0.12 are outside the line.",
        "evidence": {"mean_ms": 2340.5, "calls": 812},
        "expected": "2,300 ms less a call.",
        "way_back": "DROP INDEX CONCURRENTLY",
        "confidence_score": 0.78,
        "risk_score": 0.12,
        "facts": {"table": "orders"},
        "decision": {"verdict": "act"},
        "params": {"columns": "customer_id"},
        "created_at": NOW - timedelta(minutes=number),
    }
    return Proposal(**{**fields, **changes})


def proposal(number: int = 1, **changes: Any) -> Proposal:
    row = unsaved_proposal(number, **changes)
    row.save()
    row.refresh_from_db()
    return row


def run(number: int = 0, **changes: Any) -> Run:
    slot = NOW - timedelta(minutes=15 * number)
    fields: dict[str, Any] = {
        "automation": "platform.create_index",
        "slot": slot,
        "mode": "live",
        "state": "done",
        "created_at": slot,
        "started_at": slot,
        "finished_at": slot + timedelta(seconds=2),
        "seen": 3,
        "acted": 1,
        "skipped": 2,
        "skip_reasons": {"not due before tomorrow": 2},
    }
    return Run.objects.create(**{**fields, **changes})


def effect(key: str = "platform:index:1", **changes: Any) -> Effect:
    fields: dict[str, Any] = {
        "automation": "platform.create_index",
        "subject_id": 1,
        "state": "done",
        "receipt": {"index": "apex_orders"},
        "claimed_at": NOW,
        "lease_until": NOW,
    }
    if changes.get("state", "done") != "done":
        fields["receipt"] = None
    return Effect.objects.create(key=key, **{**fields, **changes})


def step(of: Run, number: int = 1, **changes: Any) -> Step:
    fields: dict[str, Any] = {
        "verdict": "act",
        "reason": "A query reads the whole table.",
        "facts": {"table": "orders", "mean_ms": 2340.5},
        "decision": {"verdict": "act", "reason": "as above", "expected": "2,300 ms less a call."},
        "effect_key": f"platform:index:{number}",
        "decided_at": NOW,
    }
    return Step.objects.create(run=of, subject_id=number, **{**fields, **changes})


def logged(**changes: Any) -> EvolutionEntry:
    fields: dict[str, Any] = {
        "timestamp": NOW,
        "change_type": "create_index",
        "automation": "platform.create_index",
        "description": "Built apex_orders",
        "approved_by": "operator",
        "success": True,
        "effect_key": "platform:index:1",
    }
    return EvolutionEntry.objects.create(**{**fields, **changes})


def ticking(at: datetime) -> None:
    Heartbeat.objects.create(name="tick", at=at)


def reader() -> User:
    """May see everything of the autopilot, may change nothing."""
    user = User.objects.create_user("reader", password="reads-and-reads", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="runs", codename__startswith="view_")
    )
    return user
