"""Health scores by day, and what was done about the bad ones."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from apps.customers.models import Customer
from apps.growth.policy.health import Level

LEVELS = [(level.value, level.value.replace("_", " ").capitalize()) for level in Level]


class CustomerHealthScore(models.Model):
    """One customer's score of one day. The rows of the newest day are the scores that count: every run scores
    every active customer. ``components`` and ``reasons`` are described in ``apps.growth.policy.health``.
    No foreign key in the database: rows are only made from customers, and checking them one by one costs as much
    as making them."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="health_scores", db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="The day it was due on")
    score = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True, help_text="0 to 100; empty: nothing is known"
    )
    level = models.CharField(max_length=10, choices=LEVELS)
    components = models.JSONField(help_text="score and share of each component, or why it is left out")
    reasons = models.JSONField(help_text="points lost, and why")
    calculated_at = models.DateTimeField()

    class Meta:
        db_table = "customer_health_scores"
        verbose_name = "health score"
        constraints = [
            models.UniqueConstraint(fields=["customer", "day"], name="health_once_per_day"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(0, 100)), name="health_score_0_to_100"
            ),
            models.CheckConstraint(condition=Q(level__in=[v for v, _ in LEVELS]), name="health_level_known"),
            models.CheckConstraint(
                condition=Q(score__isnull=True, level="unknown")
                | Q(score__isnull=False) & ~Q(level="unknown"),
                name="health_unknown_has_no_score",
            ),
        ]
        indexes = [
            models.Index(fields=["day", "score"], name="health_of_day"),
            # Rows come in order of time, so a block range index costs next to nothing.
            BrinIndex(fields=["calculated_at"], name="health_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.score if self.score is not None else 'unknown'} on {self.day}"


class InterventionKind(models.TextChoices):
    DISCOUNT = "discount", "Discount and call"
    MAIL = "engagement_mail", "Engagement mail"


class Arm(models.TextChoices):
    TREATED = "treated", "Treated"
    HOLDOUT = "holdout", "Left alone"


class InterventionState(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Outcome(models.TextChoices):
    KEPT = "kept", "Stayed"
    CANCELED = "canceled", "Cancelled"
    SUPERSEDED = "superseded", "Replaced by another"  # says nothing about its effect
    NOT_GIVEN = "not_given", "Could not be given"


class Intervention(models.Model):
    """One attempt to keep a customer, or one customer deliberately left alone to compare with.

    ``randomised``: the arm was drawn by lot. Those a person decided on are left out of the comparison.
    ``cost_minor``: what it can cost at most, in minor units of ``currency``.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="interventions")
    kind = models.CharField(max_length=20, choices=InterventionKind)
    arm = models.CharField(max_length=10, choices=Arm)
    randomised = models.BooleanField(default=True)
    score_at_start = models.DecimalField(max_digits=5, decimal_places=2)
    factors = models.JSONField(default=list, help_text="Why the score was low, the heaviest first")
    state = models.CharField(max_length=6, choices=InterventionState, default=InterventionState.OPEN)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    score_at_end = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    cost_minor = models.BigIntegerField(default=0)
    monthly_minor = models.BigIntegerField(default=0, help_text="What the customer paid a month at the start")
    currency = models.CharField(max_length=3)
    note = models.TextField(blank=True)
    effect_key = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "growth_intervention"
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(state="open"), name="intervention_one_open_per_customer"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, outcome="")
                | Q(state="closed", closed_at__isnull=False) & ~Q(outcome=""),
                name="intervention_closed_has_outcome",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=InterventionKind.values), name="intervention_kind_known"
            ),
            models.CheckConstraint(condition=Q(arm__in=Arm.values), name="intervention_arm_known"),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0) & (Q(arm="treated") | Q(cost_minor=0)),
                name="intervention_left_alone_costs_nothing",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="intervention_currency_is_iso_4217"
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "kind", "-opened_at"], name="intervention_of_customer"),
            models.Index(fields=["-opened_at"], name="intervention_newest"),
            models.Index(fields=["closes_at"], name="intervention_due", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.arm}), {self.opened_at:%Y-%m-%d}"
