"""Run, Batch, Step: one tick of one automation, its pages, and what was decided for each subject."""

from django.db import models
from django.db.models import Q

from apps.core.modes import RunMode


class RunState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # switched off, stopped, or missed and not caught up


class Trigger(models.TextChoices):
    SCHEDULE = "schedule"
    WAKE = "wake"
    MANUAL = "manual"


class Run(models.Model):
    """One row per (automation, slot, mode): however often a tick is announced, it happens once."""

    automation = models.CharField(max_length=100)
    slot = models.DateTimeField(help_text="The tick this run belongs to")
    mode = models.CharField(max_length=10, choices=[(m.value, m.value) for m in RunMode])
    trigger = models.CharField(max_length=10, choices=Trigger, default=Trigger.SCHEDULE)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.RUNNING)
    requested_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seen = models.PositiveIntegerField(default=0)
    acted = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skip_reasons = models.JSONField(default=dict, help_text="reason → how many subjects")
    counts = models.JSONField(default=dict, help_text="A computation's own counts")
    error = models.TextField(blank=True)

    class Meta:
        db_table = "runs_run"
        constraints = [
            models.UniqueConstraint(fields=["automation", "slot", "mode"], name="run_once_per_slot"),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="run_newest"),
            models.Index(fields=["automation", "-slot"], name="run_of_automation"),
            models.Index(fields=["created_at"], name="run_open", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"{self.automation} {self.slot:%Y-%m-%d %H:%M:%S} ({self.mode})"


class BatchState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Batch(models.Model):
    """One page of a run. A lease says who works on it; a lease that ran out is work to be sent again."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="batches")
    number = models.PositiveIntegerField()
    after = models.BigIntegerField(default=0, help_text="Subjects with a greater key …")
    until = models.BigIntegerField(null=True, blank=True, help_text="… up to this one; empty until read once")
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="Not before this moment")
    sent_at = models.DateTimeField(help_text="When it was last announced to the workers")
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "runs_batch"
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="batch_once_per_run")]
        indexes = [
            models.Index(fields=["due_at"], name="batch_open", condition=Q(state__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return f"page {self.number} of run {self.run_id}"


class Step(models.Model):
    """Facts, decision and reason of one subject that was acted upon or asked about."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True, blank=True)
    verdict = models.CharField(max_length=10)
    reason = models.TextField()
    facts = models.JSONField()
    decision = models.JSONField()
    effect_key = models.CharField(max_length=200)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "runs_step"
        constraints = [
            models.UniqueConstraint(fields=["run", "subject_id", "effect_key"], name="step_once_per_effect")
        ]
        indexes = [
            models.Index(fields=["effect_key"], name="step_of_effect"),
            models.Index(
                fields=["customer_id", "-decided_at"],
                name="step_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.subject_id}: {self.reason}"
