"""Slow queries of the watched database with the index that should help, and alerts about what is to come."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

QUERY_CHARS = 20_000


class SlowQueryState(models.TextChoices):
    WATCHED = "watched", "no index helps"
    CANDIDATE = "candidate", "index proposed"
    COVERED = "covered", "another proposal helps"
    INDEXED = "indexed", "index built"
    FAST = "fast", "no longer slow"


class SlowQuery(models.Model):
    """One statement of pg_stat_statements that was slow once. Times in milliseconds.

    ``mean_ms`` is since the statistics began, ``recent_ms`` the mean of the calls between the last two looks:
    that is what shows an index at work. ``before_ms`` is kept when an index is built.
    """

    query_id = models.BigIntegerField(unique=True, help_text="queryid of pg_stat_statements")
    fingerprint = models.CharField(max_length=32, blank=True, db_index=True)
    query = models.TextField(help_text=f"Without its constants, at most {QUERY_CHARS} characters")
    calls = models.BigIntegerField()
    total_ms = models.FloatField()
    mean_ms = models.FloatField()
    recent_calls = models.BigIntegerField(default=0)
    recent_ms = models.FloatField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField(help_text="When it was last seen to have run")
    state = models.CharField(max_length=10, choices=SlowQueryState, default=SlowQueryState.WATCHED)
    reason = models.TextField(blank=True, help_text="Why no index is proposed, or what became of it")
    plan = models.JSONField(null=True, blank=True)
    schema_name = models.CharField(max_length=63, blank=True)
    table_name = models.CharField(max_length=63, blank=True)
    columns = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    index_name = models.CharField(max_length=63, blank=True)
    cost_before = models.FloatField(null=True, blank=True)
    cost_after = models.FloatField(null=True, blank=True, help_text="By HypoPG, or estimated")
    advice = models.JSONField(default=dict, blank=True, help_text="What the proposal's figures come from")
    measured_ms = models.FloatField(
        null=True, blank=True, help_text="Median of our own runs before the index"
    )
    measure_error = models.TextField(blank=True, help_text="Why we could not take its time ourselves")
    before_ms = models.FloatField(null=True, blank=True)
    indexed_at = models.DateTimeField(null=True, blank=True)
    effect_key = models.CharField(max_length=200, blank=True, help_text="The effect that built the index")

    class Meta:
        db_table = "platform_slow_query"
        verbose_name_plural = "slow queries"
        constraints = [
            models.UniqueConstraint(
                fields=["schema_name", "index_name"],
                name="candidate_once_per_index",
                condition=Q(state="candidate"),
            ),
            models.CheckConstraint(
                condition=~Q(state="candidate")
                | (~Q(index_name="") & Q(cost_before__isnull=False) & Q(cost_after__isnull=False)),
                name="candidate_has_index",
            ),
            models.CheckConstraint(
                condition=~Q(state="indexed") | Q(before_ms__isnull=False, indexed_at__isnull=False),
                name="indexed_has_before",
            ),
            models.CheckConstraint(
                condition=Q(calls__gte=0, total_ms__gte=0), name="slow_query_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="slow_query_by_state")]

    def __str__(self) -> str:
        return self.query[:100]


class PredictiveAlert(models.Model):
    """Something that will go wrong unless it is attended to, with the day it is expected on."""

    class Status(models.TextChoices):
        PENDING = "pending"
        ACKNOWLEDGED = "acknowledged"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    metric = models.CharField(max_length=100)
    status = models.CharField(
        max_length=12, choices=Status, default=Status.PENDING, db_default=Status.PENDING
    )
    predicted_for = models.DateTimeField()
    earliest = models.DateTimeField(null=True, blank=True, help_text="Interval of the prediction")
    latest = models.DateTimeField(null=True, blank=True)
    confidence = models.FloatField()
    description = models.TextField()
    created_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, db_default="")

    class Meta:
        db_table = "predictive_alerts"
        constraints = [
            models.UniqueConstraint(
                fields=["metric"], name="predictive_alert_pending_once", condition=Q(status="pending")
            ),
            models.CheckConstraint(
                condition=Q(confidence__range=(0, 1)), name="predictive_alert_is_probability"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "acknowledged", "expired"]), name="predictive_alert_status"
            ),
        ]
        indexes = [models.Index(fields=["status", "predicted_for"], name="predictive_alert_due")]

    def __str__(self) -> str:
        return f"{self.metric}: {self.predicted_for:%Y-%m-%d}"
