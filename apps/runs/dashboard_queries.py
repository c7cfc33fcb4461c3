"""Reads of the operator's pages. Every list is bounded; counts stop at ``COUNTED``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Max, Min, QuerySet

from apps.core.learning import Posterior, Prior
from apps.core.modes import Mode
from apps.runs.health import QueueWork, Standing
from apps.runs.models import (
    Alert,
    AutomationEntry,
    Batch,
    BatchState,
    Confidence,
    Effect,
    EffectState,
    EvolutionEntry,
    Heartbeat,
    HourlyUse,
    Proposal,
    ProposalStatus,
    Run,
    RunState,
)
from apps.runs.models.catalogue import EMERGENCY_STOP

TICK = "tick"  # the heartbeat of the scheduler
COUNTED = 1000
INBOX = 20
TROUBLED = (EffectState.DOUBT, EffectState.UNKNOWN, EffectState.DEAD)


def stop_entry() -> AutomationEntry | None:
    """The emergency stop while it is on, with who pulled it and why."""
    return AutomationEntry.objects.filter(name=EMERGENCY_STOP, mode=Mode.OFF).first()


def bounded_count(rows: QuerySet[Proposal] | QuerySet[Effect]) -> int:
    """Counts at most ``COUNTED`` + 1 rows: enough to say "more than 1,000"."""
    return rows.order_by()[: COUNTED + 1].count()


def pending() -> QuerySet[Proposal]:
    return Proposal.objects.filter(status=ProposalStatus.PENDING).order_by("-created_at")


def standing(now: datetime, stopped: bool) -> Standing:
    tick = Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
    troubled = dict(
        Effect.objects.filter(state__in=TROUBLED).values_list("state").annotate(many=Count("key")).order_by()
    )
    return Standing(
        last_tick=tick,
        stopped=stopped,
        queues=tuple(waiting_work(now)),
        failing=failing_runs(now - timedelta(days=1)),
        alerts=dict(
            Alert.objects.filter(resolved_at=None).values_list("severity").annotate(many=Count("id"))
        ),
        in_doubt=troubled.get(EffectState.DOUBT, 0),
        dead=troubled.get(EffectState.DEAD, 0),
    )


def waiting_work(now: datetime) -> list[QueueWork]:
    """Pages that are due and not begun, by queue."""
    queue_of = dict(AutomationEntry.objects.values_list("name", "queue"))
    open_pages = (
        Batch.objects.filter(state=BatchState.QUEUED, due_at__lte=now)
        .values_list("run__automation")
        .annotate(many=Count("id"), oldest=Min("due_at"))
        .order_by()
    )
    found: dict[str, QueueWork] = {}
    for automation, many, oldest in open_pages:
        queue = queue_of.get(automation) or "default"
        before = found.get(queue, QueueWork(queue, 0, oldest))
        found[queue] = QueueWork(queue, before.waiting + many, min(before.oldest, oldest))
    return sorted(found.values(), key=lambda work: work.oldest)


def failing_runs(since: datetime) -> dict[str, int]:
    """Failed runs since then, by automation, of those whose newest finished run is still a failure."""
    failed = (
        Run.objects.filter(created_at__gte=since, state=RunState.FAILED)
        .values_list("automation")
        .annotate(many=Count("id"), last=Max("slot"))
        .order_by("automation")
    )
    return {
        name: many
        for name, many, last in failed
        if not Run.objects.filter(automation=name, slot__gt=last, state=RunState.DONE).exists()
    }


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed runs of one automation, with the newest one to look at."""

    automation: str
    times: int
    newest: Run


def failures(since: datetime) -> list[Failure]:
    grouped = list(
        Run.objects.filter(created_at__gte=since, state=RunState.FAILED)
        .values_list("automation")
        .annotate(many=Count("id"), newest=Max("id"))
        .order_by("-newest")[:10]
    )
    runs = Run.objects.in_bulk([newest for _, _, newest in grouped])
    return [Failure(name, many, runs[newest]) for name, many, newest in grouped if newest in runs]


@dataclass(frozen=True, slots=True)
class ChangeCount:
    change_type: str
    total: int
    good: int
    bad: int


def changes(since: datetime) -> list[ChangeCount]:
    """What Apex changed since then, by kind of change, the most frequent first.
    The operator's own switching is left out. A watched change has a second entry, its outcome: it counts once."""
    sql = (
        "SELECT kind, count(*), count(*) FILTER (WHERE success), count(*) FILTER (WHERE NOT success) FROM"
        " (SELECT DISTINCT ON (coalesce(nullif(effect_key, ''), id::text))"
        "  regexp_replace(change_type, '^outcome:', '') AS kind, success FROM evolution_log"
        "  WHERE timestamp >= %s AND rule <> 'the operator'"
        "  ORDER BY coalesce(nullif(effect_key, ''), id::text), timestamp DESC, id DESC) AS latest"
        " GROUP BY kind ORDER BY 2 DESC, 1 LIMIT 12"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [since])
        return [ChangeCount(*row) for row in cursor.fetchall()]


def recent_runs(names: Iterable[str], each: int = 8) -> dict[str, list[Run]]:
    """The newest runs of each automation in one statement, newest first."""
    sql = (
        "SELECT r.* FROM unnest(%s::text[]) AS a(name) CROSS JOIN LATERAL"
        " (SELECT * FROM runs_run WHERE automation = a.name ORDER BY slot DESC LIMIT %s) AS r"
    )
    found: dict[str, list[Run]] = defaultdict(list)
    for run in Run.objects.raw(sql, [list(names), each]):
        found[run.automation].append(run)
    return found


@dataclass(frozen=True, slots=True)
class Use:
    hour_actions: int = 0
    day_actions: int = 0
    day_money_minor: int = 0


def used(now: datetime) -> dict[str, Use]:
    """Actions and money of the current UTC hour and day, by automation."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hour = now.replace(minute=0, second=0, microsecond=0)
    found: dict[str, Use] = {}
    for row in HourlyUse.objects.filter(hour__gte=day):
        before = found.get(row.automation, Use())
        found[row.automation] = Use(
            before.hour_actions + (row.actions if row.hour >= hour else 0),
            before.day_actions + row.actions,
            before.day_money_minor + row.money_minor,
        )
    return found


def posteriors() -> dict[str, Posterior]:
    """What was learned, by kind of change."""
    return {row.change_type: posterior(row) for row in Confidence.objects.all()}


def posterior(row: Confidence) -> Posterior:
    return Posterior(row.successes, row.failures, Prior(row.prior_successes, row.prior_failures))


def troubled_effects(limit: int = 10) -> QuerySet[Effect]:
    return Effect.objects.filter(state__in=TROUBLED).order_by(F("claimed_at").desc())[:limit]


def recent_changes(limit: int = 8) -> QuerySet[EvolutionEntry]:
    return EvolutionEntry.objects.order_by("-timestamp")[:limit]


def open_alerts(limit: int = 10) -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None).order_by("-raised_at")[:limit]
