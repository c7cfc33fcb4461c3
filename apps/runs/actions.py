"""Writes of the operator and of the kernel's edges; one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from apps.core.modes import Mode, RunMode
from apps.core.types import Json
from apps.runs.models import (
    Alert,
    AutomationEntry,
    Batch,
    BatchState,
    Proposal,
    ProposalStatus,
    Run,
    RunState,
    Trigger,
)
from apps.runs.models.catalogue import EMERGENCY_STOP
from apps.runs.wake import announce, wake

REVIEWABLE = (ProposalStatus.PENDING, ProposalStatus.SNOOZED)


@transaction.atomic
def approve(ids: Sequence[UUID], by: str, now: datetime, note: str = "") -> int:
    """Approves what still waits (and tries failed ones again); returns how many. The workers apply them."""
    approved = list(
        Proposal.objects.select_for_update()
        .filter(id__in=ids, status__in=[*REVIEWABLE, ProposalStatus.FAILED])
        .values_list("id", "automation")
    )
    Proposal.objects.filter(id__in=[i for i, _ in approved]).update(
        status=ProposalStatus.APPROVED,
        reviewed_by=by,
        reviewed_at=now,
        review_notes=note,
        lease_until=None,
        attempts=0,
    )
    for ident, automation in approved:
        announce(automation, "proposal", str(ident))
    return len(approved)


@transaction.atomic
def reject(ids: Sequence[UUID], by: str, now: datetime, note: str) -> int:
    """Rejects with a note, for good: the same proposal is not made again. Returns how many."""
    return Proposal.objects.filter(id__in=ids, status__in=[*REVIEWABLE, ProposalStatus.FAILED]).update(
        status=ProposalStatus.REJECTED, reviewed_by=by, reviewed_at=now, review_notes=note
    )


@transaction.atomic
def snooze(ids: Sequence[UUID], until: datetime, by: str, now: datetime) -> int:
    """Puts aside until then. Raises ValueError for a moment that is not in the future."""
    if until <= now:
        raise ValueError("Snooze until a moment in the future.")
    return Proposal.objects.filter(id__in=ids, status__in=REVIEWABLE).update(
        status=ProposalStatus.SNOOZED, snoozed_until=until, reviewed_by=by, reviewed_at=now
    )


@transaction.atomic
def edit(ident: UUID, params: Mapping[str, Json], by: str, now: datetime) -> None:
    """Replaces parameters of a proposal that still waits. Raises ValueError with a sentence for the operator.

    Values are checked here for being editable at all, and parsed by the automation's own rule when applied.
    """
    proposal = Proposal.objects.select_for_update().filter(id=ident).first()
    if proposal is None:
        raise ValueError("This proposal no longer exists.")
    if proposal.status not in REVIEWABLE:
        raise ValueError(f"This proposal is {proposal.status}; only a waiting one can be edited.")
    entry = AutomationEntry.objects.filter(name=proposal.automation).first()
    allowed = {field["name"] for field in entry.editable} if entry else set()
    unknown = sorted(set(params) - allowed)
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)} cannot be edited; editable here: {', '.join(sorted(allowed)) or 'nothing'}."
        )
    proposal.params = {**proposal.params, **params}
    proposal.review_notes = f"{proposal.review_notes}\nEdited by {by}: {dict(params)}".strip()
    proposal.reviewed_by, proposal.reviewed_at = by, now
    proposal.save(update_fields=["params", "review_notes", "reviewed_by", "reviewed_at"])


@transaction.atomic
def set_mode(name: str, mode: Mode, by: str, now: datetime) -> None:
    """Switches one automation. Raises ValueError when there is none of that name."""
    entry = AutomationEntry.objects.select_for_update().filter(name=name, retired=False).first()
    if entry is None:
        raise ValueError(f"There is no automation named {name!r}; see `manage.py automations`.")
    before = entry.mode
    entry.mode, entry.changed_by, entry.changed_at = mode, by, now
    entry.cooldown_until = None
    entry.save(update_fields=["mode", "changed_by", "changed_at", "cooldown_until"])
    log_operator_change(
        "switch", f"{name}: {before} → {mode.value}", by, now, way_back=f"switch {name} back to {before}"
    )


@transaction.atomic
def emergency_stop(by: str, now: datetime, reason: str = "") -> None:
    """Nothing acts any more until ``resume``; decided work waits."""
    AutomationEntry.objects.update_or_create(
        name=EMERGENCY_STOP,
        defaults={"mode": Mode.OFF, "kind": "stop", "summary": reason, "changed_by": by, "changed_at": now},
        create_defaults={
            "mode": Mode.OFF,
            "kind": "stop",
            "summary": reason,
            "changed_by": by,
            "changed_at": now,
            "known_since": now,
        },
    )
    log_operator_change("emergency_stop", f"Emergency stop. {reason}".strip(), by, now, way_back="resume")


@transaction.atomic
def resume(by: str, now: datetime) -> None:
    lifted = AutomationEntry.objects.filter(name=EMERGENCY_STOP, mode=Mode.OFF).update(
        mode=Mode.LIVE, changed_by=by, changed_at=now
    )
    if lifted:
        log_operator_change("emergency_stop", "Emergency stop lifted.", by, now, way_back="emergency stop")
        for name in AutomationEntry.objects.filter(
            retired=False, mode=Mode.LIVE, kind="automation"
        ).values_list("name", flat=True):
            wake(name)


def log_operator_change(change_type: str, description: str, by: str, now: datetime, *, way_back: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO evolution_log (timestamp, change_type, automation, description, reason, inputs, rule,"
            " approved_by, success, outcome, way_back, effect_key)"
            " VALUES (%s, %s, '', %s, '', '{}', 'the operator', %s, true, '{}', %s, '')",
            [now, change_type, description, by, way_back],
        )


def open_run(
    name: str, slot: datetime, mode: RunMode, trigger: Trigger, now: datetime, by: str = ""
) -> Run | None:
    """Creates the run of this slot with its first page, or returns None where it exists already."""
    try:
        with transaction.atomic():
            run = Run.objects.create(
                automation=name, slot=slot, mode=mode.value, trigger=trigger, requested_by=by, created_at=now
            )
            Batch.objects.create(run=run, number=0, due_at=now, sent_at=now)
    except IntegrityError:
        return None
    return run


@transaction.atomic
def request_run(name: str, slot: datetime, mode: RunMode, by: str, now: datetime) -> Run:
    """A manual run, now or for a past tick (ENG-15). An existing run of that slot is gone through again:
    effects already done keep their keys and are not repeated. Raises ValueError for an unknown automation."""
    if not AutomationEntry.objects.filter(name=name, retired=False).exclude(name=EMERGENCY_STOP).exists():
        raise ValueError(f"There is no automation named {name!r}; see `manage.py automations`.")
    run = open_run(name, slot, mode, Trigger.MANUAL, now, by)
    if run is None:
        run = Run.objects.select_for_update().get(automation=name, slot=slot, mode=mode.value)
        if run.state == RunState.RUNNING:
            return run
        run.batches.all().delete()
        Batch.objects.create(run=run, number=0, due_at=now, sent_at=now)
        Run.objects.filter(id=run.id).update(
            state=RunState.RUNNING,
            seen=0,
            acted=0,
            asked=0,
            skipped=0,
            failed=0,
            skip_reasons={},
            counts={},
            started_at=None,
            error="",
            finished_at=None,
            requested_by=by,
        )
        run.refresh_from_db()
    announce(name, "batch", str(run.batches.get(number=0, state=BatchState.QUEUED).id))
    return run


@transaction.atomic
def raise_alert(kind: str, dedupe_key: str, title: str, detail: str, severity: str, now: datetime) -> None:
    """Tells the operator, once per ``dedupe_key`` while it is open; repeats are counted.
    ``severity`` is critical, high or medium."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_alert (kind, dedupe_key, severity, title, detail, raised_at, last_seen_at, times,"
            " resolved_by) VALUES (%s, %s, %s, %s, %s, %s, %s, 1, '')"
            " ON CONFLICT (dedupe_key) WHERE resolved_at IS NULL DO UPDATE SET last_seen_at = excluded.last_seen_at,"
            " times = runs_alert.times + 1, detail = excluded.detail",
            [kind, dedupe_key[:200], severity, title[:300], detail, now, now],
        )


def resolve_alert(ident: int, by: str, now: datetime) -> int:
    return Alert.objects.filter(id=ident, resolved_at=None).update(resolved_at=now, resolved_by=by)


def resolve_alerts(dedupe_key: str, by: str, now: datetime) -> int:
    """Closes the open alert of this key, where the trouble is over."""
    return Alert.objects.filter(dedupe_key=dedupe_key, resolved_at=None).update(
        resolved_at=now, resolved_by=by
    )


def unsnooze(now: datetime) -> int:
    return Proposal.objects.filter(status=ProposalStatus.SNOOZED, snoozed_until__lte=now).update(
        status=ProposalStatus.PENDING, snoozed_until=None
    )


def count_attempt(ident: UUID, lease_until: datetime) -> None:
    Proposal.objects.filter(id=ident).update(attempts=F("attempts") + 1, lease_until=lease_until)
