"""Effect, evolution_log, Observation: what was done, the record nobody can change, and what came of it."""

from django.db import models
from django.db.models import Q


class EffectState(models.TextChoices):
    CLAIMED = "claimed"  # committed before the call; past its lease it is in doubt
    DONE = "done"
    WAITING = "waiting"  # certainly not done, to be tried again at due_at
    REFUSED = "refused"  # certainly not done, closed
    DOUBT = "doubt"  # may be done; a person or the provider must say
    UNKNOWN = "unknown"  # may be done; closed by rule, never repeated
    DEAD = "dead"  # tried as often as allowed


class Effect(models.Model):
    """One effect on the outside. The key is the primary key: nothing is done twice under it.

    What it was decided from stands in the newest step with this key, or in its proposal.
    """

    key = models.CharField(primary_key=True, max_length=200)
    automation = models.CharField(max_length=100)
    proposal_id = models.UUIDField(null=True, blank=True)
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True, blank=True)
    undoes = models.CharField(max_length=200, blank=True, help_text="Key of the effect this one takes back")
    state = models.CharField(max_length=10, choices=EffectState, default=EffectState.CLAIMED)
    attempts = models.PositiveSmallIntegerField(default=1)
    generation = models.PositiveSmallIntegerField(
        default=0,
        help_text="Raised when the provider proved the last try never happened; part of the vendor's key",
    )
    receipt = models.JSONField(null=True, blank=True)
    replayed_by = models.CharField(
        max_length=150,
        blank=True,
        db_default="",
        help_text="Who asked to try again, whatever the rule in doubt",
    )
    error = models.TextField(blank=True)
    claimed_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "runs_effect"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(receipt__isnull=False), name="effect_done_has_receipt"
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(due_at__isnull=False), name="effect_waiting_has_due_at"
            ),
        ]
        indexes = [
            models.Index(fields=["-claimed_at"], name="effect_newest"),
            models.Index(fields=["lease_until"], name="effect_claimed", condition=Q(state="claimed")),
            models.Index(
                fields=["due_at"], name="effect_waiting", condition=Q(state__in=["waiting", "doubt"])
            ),
            models.Index(
                fields=["automation", "-claimed_at"],
                name="effect_troubled",
                condition=Q(state__in=["refused", "doubt", "unknown", "dead", "waiting"]),
            ),
            models.Index(
                fields=["proposal_id"], name="effect_of_proposal", condition=Q(proposal_id__isnull=False)
            ),
            models.Index(
                fields=["customer_id", "-claimed_at"],
                name="effect_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class EvolutionEntry(models.Model):
    """Append-only: the database refuses UPDATE, DELETE and TRUNCATE by trigger."""

    timestamp = models.DateTimeField()
    change_type = models.CharField(max_length=100)
    automation = models.CharField(max_length=100, blank=True)
    description = models.TextField()
    reason = models.TextField(blank=True)
    inputs = models.JSONField(default=dict)
    rule = models.CharField(max_length=200, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    risk = models.FloatField(null=True, blank=True)
    approved_by = models.CharField(max_length=150, help_text="Who or what approved: a rule, a person, SQL")
    success = models.BooleanField(null=True, blank=True)
    outcome = models.JSONField(default=dict)
    way_back = models.TextField(blank=True)
    effect_key = models.CharField(max_length=200, blank=True)
    subject_id = models.BigIntegerField(null=True, blank=True)
    customer_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "evolution_log"
        verbose_name = "evolution log entry"
        verbose_name_plural = "evolution log"
        indexes = [
            models.Index(fields=["-timestamp"], name="evolution_newest"),
            models.Index(fields=["automation", "-timestamp"], name="evolution_of_automation"),
            models.Index(fields=["effect_key"], name="evolution_of_effect"),
            models.Index(
                fields=["customer_id", "-timestamp"],
                name="evolution_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_type}: {self.description}"


class ObservationState(models.TextChoices):
    WATCHING = "watching"
    SUCCESS = "success"
    FAILURE = "failure"
    ROLLED_BACK = "rolled_back"
    INCONCLUSIVE = "inconclusive"


class Observation(models.Model):
    """An applied change under watch, until its outcome is known (ENG-10, ENG-12)."""

    effect_key = models.CharField(max_length=200, unique=True)
    automation = models.CharField(max_length=100)
    change_type = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=ObservationState, default=ObservationState.WATCHING)
    applied_at = models.DateTimeField()
    due_at = models.DateTimeField()
    until = models.DateTimeField()
    looks = models.PositiveSmallIntegerField(default=0)
    note = models.TextField(blank=True)
    evidence = models.JSONField(default=dict)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "runs_observation"
        indexes = [models.Index(fields=["due_at"], name="observation_due", condition=Q(state="watching"))]

    def __str__(self) -> str:
        return f"{self.change_type} {self.effect_key}: {self.state}"
