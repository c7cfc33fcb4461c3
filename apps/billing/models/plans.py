"""Plan: what is sold, and by which Stripe prices (BIL-2)."""

from django.db import models
from django.db.models import Q


class Plan(models.Model):
    """``monthly_minor`` and ``included_impressions`` are empty where they are agreed one by one."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=60)
    monthly_minor = models.BigIntegerField(null=True, blank=True, help_text="A month, in minor units")
    currency = models.CharField(max_length=3, default="USD")
    included_impressions = models.BigIntegerField(null=True, blank=True, help_text="A month")
    trial_days = models.PositiveSmallIntegerField(default=14)

    class Meta:
        db_table = "billing_plan"
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_minor__isnull=True) | Q(monthly_minor__gte=0),
                name="plan_price_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="plan_currency_is_iso_4217"
            ),
        ]
        ordering = ["monthly_minor"]

    def __str__(self) -> str:
        return self.name


class PlanPrice(models.Model):
    """A Stripe price that sells a plan. One of them is current: what a change to the plan moves to."""

    price_id = models.CharField(max_length=255, primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices")
    current = models.BooleanField(default=True)

    class Meta:
        db_table = "billing_plan_price"
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(current=True), name="plan_one_current_price"
            ),
            models.CheckConstraint(condition=~Q(price_id=""), name="plan_price_has_id"),
        ]

    def __str__(self) -> str:
        return f"{self.price_id} ({self.plan_id})"
