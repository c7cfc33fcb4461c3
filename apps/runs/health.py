"""One score for the whole autopilot, and what drags it down. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# The tick comes every minute: three missed in a row is not jitter any more, ten is a dead scheduler.
TICK_LATE = timedelta(minutes=3)
TICK_DEAD = timedelta(minutes=10)
# Work is picked up within seconds; older than this, the workers are missing or cannot keep up.
WORK_LATE = timedelta(minutes=5)
ALERT_POINTS = {"critical": 25, "high": 10, "medium": 3}
SCORE_GOAL = 90


@dataclass(frozen=True, slots=True)
class QueueWork:
    """Pages due now in one queue, and since when the oldest waits."""

    queue: str
    waiting: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand. ``failing`` counts failed runs of the last day by automation,
    ``alerts`` open alerts by severity."""

    last_tick: datetime | None
    stopped: bool
    queues: tuple[QueueWork, ...] = ()
    failing: Mapping[str, int] = field(default_factory=dict)
    alerts: Mapping[str, int] = field(default_factory=dict)
    in_doubt: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Drag:
    """Points the score loses, and the sentence that says why."""

    points: int
    sentence: str
    link: str = ""  # the name of a page: automations, alerts, runs, effects


@dataclass(frozen=True, slots=True)
class Health:
    score: int
    drags: tuple[Drag, ...]

    @property
    def word(self) -> str:
        if self.score >= SCORE_GOAL:
            return "healthy"
        return "needs a look" if self.score >= 60 else "in trouble"

    @property
    def tone(self) -> str:
        if self.score >= SCORE_GOAL:
            return "good"
        return "warning" if self.score >= 60 else "bad"


def health(standing: Standing, now: datetime) -> Health:
    """100 less what drags, never below 0; the heaviest drag first."""
    drags = [*_tick(standing, now), *_queues(standing, now), *_work(standing), *_alerts(standing)]
    drags.sort(key=lambda drag: -drag.points)
    return Health(score=max(0, 100 - sum(drag.points for drag in drags)), drags=tuple(drags))


def _tick(standing: Standing, now: datetime) -> list[Drag]:
    if standing.stopped:
        return [Drag(30, "The emergency stop is on: nothing acts.", "automations")]
    if standing.last_tick is None:
        return [Drag(40, "The scheduler has never ticked.", "runs")]
    age = now - standing.last_tick
    if age < TICK_LATE:
        return []
    points = 40 if age >= TICK_DEAD else 15
    return [Drag(points, f"The scheduler last ticked {_minutes(age)} ago.", "runs")]


def _queues(standing: Standing, now: datetime) -> list[Drag]:
    late = [work for work in standing.queues if now - work.oldest >= WORK_LATE]
    return [
        Drag(10, f"Work in the queue “{work.queue}” waits since {_minutes(now - work.oldest)}.", "runs")
        for work in late
    ]


def _work(standing: Standing) -> list[Drag]:
    drags = [
        Drag(5, f"{name} failed {times} time{'s' if times > 1 else ''} in the last day.", "automations")
        for name, times in standing.failing.items()
    ]
    if standing.in_doubt:
        drags.append(
            Drag(min(15, 3 * standing.in_doubt), f"{_effects(standing.in_doubt)} in doubt.", "effects")
        )
    if standing.dead:
        drags.append(
            Drag(
                min(15, 3 * standing.dead), f"{_effects(standing.dead)} given up after every try.", "effects"
            )
        )
    return drags


def _alerts(standing: Standing) -> list[Drag]:
    return [
        Drag(min(50, points * count), f"{count} open {severity} alert{'s' if count > 1 else ''}.", "alerts")
        for severity, points in ALERT_POINTS.items()
        if (count := standing.alerts.get(severity, 0))
    ]


def _effects(count: int) -> str:
    return "1 effect" if count == 1 else f"{count} effects"


def _minutes(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"
