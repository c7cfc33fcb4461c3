"""The approvals inbox: the table optimization_queue, which the operator may also work on by plain SQL."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ProposalStatus(models.TextChoices):
    PENDING = "pending"
    SNOOZED = "snoozed"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"
    EXPIRED = "expired"


class Proposal(models.Model):
    """A decision that waits for the operator. Approving it runs the same ``act`` under the same key."""

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    automation = models.CharField(max_length=100)
    change_type = models.CharField(max_length=100)
    effect_key = models.CharField(max_length=200)
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True, blank=True)
    step_id = models.BigIntegerField(null=True, blank=True)
    title = models.CharField(max_length=300)
    reason = models.TextField()
    waits_because = models.TextField(help_text="Why it was not applied by itself")
    evidence = models.JSONField(default=dict)
    expected = models.TextField(blank=True)
    way_back = models.TextField(blank=True)
    confidence_score = models.FloatField(null=True, blank=True)
    risk_score = models.FloatField(null=True, blank=True)
    facts = models.JSONField()
    decision = models.JSONField()
    params = models.JSONField(default=dict, help_text="What the operator may edit before approving")
    status = models.CharField(
        max_length=10,
        choices=ProposalStatus,
        default=ProposalStatus.PENDING,
        db_default=ProposalStatus.PENDING,
    )
    review_notes = models.TextField(blank=True, db_default="")
    reviewed_by = models.CharField(max_length=150, blank=True, db_default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    executed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    result = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "optimization_queue"
        constraints = [
            models.UniqueConstraint(
                fields=["effect_key"],
                name="proposal_one_open_per_effect",
                condition=Q(status__in=["pending", "snoozed", "approved", "applying"]),
            ),
            models.CheckConstraint(
                condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False),
                name="proposal_snoozed_has_date",
            ),
            models.CheckConstraint(
                condition=Q(confidence_score__isnull=True) | Q(confidence_score__range=(0, 1)),
                name="proposal_confidence_is_probability",
            ),
            models.CheckConstraint(
                condition=Q(risk_score__isnull=True) | Q(risk_score__range=(0, 1)),
                name="proposal_risk_is_probability",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "-created_at"], name="proposal_by_status"),
            models.Index(fields=["effect_key"], name="proposal_of_effect"),
        ]

    def __str__(self) -> str:
        return self.title
