"""RecoveryCase: one failed invoice on its way to being paid. PaymentAttempt: every try to charge it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from apps.billing.models import Invoice
from apps.customers.models import Customer
from apps.payments.policy import ladder as rules
from apps.payments.policy.declines import FailureClass


class LadderPlan(models.Model):
    """The numbers of a ladder, the operator's to change. Which one new cases follow: DUNNING_POLICY."""

    name = models.CharField(max_length=20, primary_key=True)
    retry_days = ArrayField(models.PositiveSmallIntegerField(), help_text="Days after the first failure")
    access_percents = ArrayField(
        models.PositiveSmallIntegerField(),
        help_text="Of the API rate, left after each of these retries failed",
    )
    final = models.CharField(max_length=10, choices=[(f.value, f.value) for f in rules.Final])
    final_day = models.PositiveSmallIntegerField(help_text="Day of the downgrade or suspension")
    grace_days = models.PositiveSmallIntegerField(
        default=rules.GRACE_DAYS, help_text="With service, after a decline that only the customer can mend"
    )

    class Meta:
        db_table = "payments_ladder"
        verbose_name = "ladder"

    def __str__(self) -> str:
        return self.name

    def as_ladder(self) -> rules.Ladder:
        return rules.Ladder(
            self.name,
            tuple(self.retry_days),
            tuple(self.access_percents),
            rules.Final(self.final),
            self.final_day,
            self.grace_days,
        )

    def clean(self) -> None:
        try:
            self.as_ladder()
        except (ValueError, TypeError) as error:
            raise ValidationError(str(error)) from error


class CaseState(models.TextChoices):
    OPEN = "open"
    RECOVERED = "recovered"
    LOST = "lost"
    CANCELED = "canceled"


class RecoveryCase(models.Model):
    """The position on the ladder is derived from the attempts, never stored. ``next_step`` and
    ``next_due_at`` only say when to look again, recomputed from committed state at every change."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="cases")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="recovery_cases")
    ladder = models.ForeignKey(LadderPlan, on_delete=models.PROTECT, related_name="cases")
    failure_class = models.CharField(max_length=12, choices=[(f.value, f.value) for f in FailureClass])
    decline_code = models.CharField(max_length=255, blank=True)
    failed_card = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPEN)
    opened_at = models.DateTimeField()
    first_failed_at = models.DateTimeField(help_text="The ladder's days count from here")
    hard_since = models.DateTimeField(null=True, blank=True, help_text="The grace counts from here")
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="A new card or authentication was asked for"
    )
    access_percent = models.PositiveSmallIntegerField(default=100, help_text="0 is suspended")
    next_step = models.CharField(max_length=12, blank=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.TextField(blank=True)
    recovered_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    downgraded_from = models.CharField(max_length=255, blank=True, help_text="Price before: the way back")

    class Meta:
        db_table = "payments_recovery_case"
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(state="open"), name="case_one_open_per_invoice"
            ),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_state_known"),
            models.CheckConstraint(
                condition=Q(failure_class__in=[f.value for f in FailureClass]), name="case_class_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | ~Q(state="open") & Q(closed_at__isnull=False),
                name="case_closed_has_time",
            ),
            models.CheckConstraint(condition=Q(access_percent__lte=100), name="case_access_is_percent"),
            models.CheckConstraint(
                condition=Q(recovered_minor=0) | Q(state="recovered", recovered_minor__gt=0),
                name="case_money_only_when_recovered",
            ),
        ]
        indexes = [
            models.Index(fields=["next_due_at"], name="case_due", condition=Q(state="open")),
            models.Index(fields=["customer", "-opened_at"], name="case_of_customer"),
            models.Index(fields=["-opened_at"], name="case_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice}: {self.state}"


class Origin(models.TextChoices):
    DUNNING = "dunning"  # a rung of the ladder
    CUSTOMER = "customer"  # a new card was given
    STRIPE = "stripe"  # the failure that opened the case


class AttemptOutcome(models.TextChoices):
    PAID = "paid"
    DECLINED = "declined"


class PaymentAttempt(models.Model):
    case = models.ForeignKey(RecoveryCase, on_delete=models.CASCADE, related_name="attempts")
    effect_key = models.CharField(max_length=200, unique=True)
    origin = models.CharField(max_length=10, choices=Origin)
    outcome = models.CharField(max_length=10, choices=AttemptOutcome)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    decline_code = models.CharField(max_length=255, blank=True)
    advice_code = models.CharField(max_length=255, blank=True)
    message = models.TextField(blank=True)
    card = models.CharField(max_length=255, blank=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "payments_attempt"
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="attempt_origin_known"),
            models.CheckConstraint(
                condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_known"
            ),
            # Money is taken for a case once.
            models.UniqueConstraint(fields=["case"], condition=Q(outcome="paid"), name="attempt_paid_once"),
        ]
        indexes = [models.Index(fields=["case", "at"], name="attempt_of_case")]

    def __str__(self) -> str:
        return f"{self.origin} {self.outcome} {self.decline_code}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and not self._state.adding:
            raise TypeError("an attempt is history and is not changed")
        super().save(*args, **kwargs)
