"""The catalogue with its switches, what was learned, what was used up, and what the operator must know."""

from django.db import models
from django.db.models import Q

from apps.core.modes import Mode

EMERGENCY_STOP = "*"


class AutomationEntry(models.Model):
    """One automation as declared in code, and its switch, which is the operator's.

    The row named ``*`` is the emergency stop: with mode ``off`` nothing acts.
    """

    name = models.CharField(primary_key=True, max_length=100)
    mode = models.CharField(max_length=10, choices=[(m.value, m.value) for m in Mode], default=Mode.LIVE)
    cooldown_until = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=12, default="automation")
    summary = models.CharField(max_length=300, blank=True)
    manual = models.TextField(blank=True)
    queue = models.CharField(max_length=30, blank=True)
    schedule = models.CharField(max_length=100, blank=True)
    declared = models.JSONField(default=dict, help_text="Retry, limits, time-out … as declared in code")
    editable = models.JSONField(default=list, help_text="Parameters that may be edited in a proposal")
    retired = models.BooleanField(default=False, help_text="No longer in code; kept for its history")
    known_since = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "runs_automation"
        verbose_name = "automation"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Confidence(models.Model):
    """What was observed of one kind of change: the outcomes behind its Beta posterior."""

    change_type = models.CharField(primary_key=True, max_length=100)
    successes = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    prior_successes = models.FloatField(default=1.0)
    prior_failures = models.FloatField(default=1.0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "runs_confidence"
        verbose_name_plural = "confidence"

    def __str__(self) -> str:
        return f"{self.change_type}: {self.successes} of {self.successes + self.failures}"


class HourlyUse(models.Model):
    """Actions and money an automation has used in one UTC hour; its row lock orders the claims."""

    automation = models.CharField(max_length=100)
    hour = models.DateTimeField()
    actions = models.PositiveIntegerField(default=0)
    money_minor = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "runs_hourly_use"
        constraints = [models.UniqueConstraint(fields=["automation", "hour"], name="use_once_per_hour")]

    def __str__(self) -> str:
        return f"{self.automation} {self.hour:%Y-%m-%d %H}: {self.actions}"


class Alert(models.Model):
    """Something the operator must know. Raised once per dedupe key while it is open."""

    kind = models.CharField(max_length=100)
    dedupe_key = models.CharField(max_length=200)
    severity = models.CharField(max_length=10, default="medium")
    title = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    raised_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "runs_alert"
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"], name="alert_open_once", condition=Q(resolved_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["-raised_at"], name="alert_open", condition=Q(resolved_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.title


class Heartbeat(models.Model):
    """When something that must keep going was last seen going (the tick, each worker's last page)."""

    name = models.CharField(primary_key=True, max_length=100)
    at = models.DateTimeField()

    class Meta:
        db_table = "runs_heartbeat"

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
