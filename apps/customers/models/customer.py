"""Customer and Contact: who pays, on which plan, and whom to write to (CUS-1)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now


class Plan(models.TextChoices):
    FREE = "free", "Free"
    INDIE = "indie", "Indie"
    STUDIO = "studio", "Studio"
    ENTERPRISE = "enterprise", "Enterprise"


class CustomerStatus(models.TextChoices):
    TRIALING = "trialing", "Trialing"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Past due"
    PAUSED = "paused", "Paused"
    CANCELED = "canceled", "Canceled"


class Access(models.TextChoices):
    FULL = "full", "Full"
    RATE_LIMITED = "rate_limited", "Rate limited"
    SUSPENDED = "suspended", "Suspended"


class LifecycleStage(models.TextChoices):
    TRIAL = "trial", "Trial"
    ONBOARDING = "onboarding", "Onboarding"
    ACTIVATED = "activated", "Activated"
    ENGAGED = "engaged", "Engaged"
    EXPANSION = "expansion", "Expansion"
    ADVOCATE = "advocate", "Advocate"


class Customer(models.Model):
    """One paying (or trying) account. ``external_id`` is the operator's own name for it."""

    external_id = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    company = models.CharField(max_length=200, blank=True)
    plan = models.CharField(max_length=10, choices=Plan, default=Plan.FREE)
    base_price_minor = models.BigIntegerField(default=0, help_text="A month, in minor units of the currency")
    currency = models.CharField(max_length=3, default="USD")
    status = models.CharField(max_length=10, choices=CustomerStatus, default=CustomerStatus.ACTIVE)
    access = models.CharField(max_length=12, choices=Access, default=Access.FULL)
    lifecycle_stage = models.CharField(
        max_length=10, choices=LifecycleStage, default=LifecycleStage.ONBOARDING
    )
    segment = models.CharField(max_length=60, blank=True)
    locale = models.CharField(max_length=20, default="en")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    timezone = models.CharField(max_length=60, default="UTC")
    acquisition_channel = models.CharField(max_length=60, blank=True)
    marketing_consent = models.BooleanField(default=False)
    stripe_customer_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    monthly_limit = models.BigIntegerField(
        null=True, blank=True, help_text="Impressions a month, empty for none"
    )
    signed_up_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "customers_customer"
        constraints = [
            models.CheckConstraint(condition=~Q(external_id=""), name="customer_external_id_not_empty"),
            models.CheckConstraint(condition=Q(plan__in=Plan.values), name="customer_plan_known"),
            models.CheckConstraint(
                condition=Q(status__in=CustomerStatus.values), name="customer_status_known"
            ),
            models.CheckConstraint(condition=Q(access__in=Access.values), name="customer_access_known"),
            models.CheckConstraint(
                condition=Q(lifecycle_stage__in=LifecycleStage.values), name="customer_stage_known"
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="customer_currency_is_iso_4217"
            ),
            models.CheckConstraint(condition=Q(base_price_minor__gte=0), name="customer_price_not_negative"),
            models.CheckConstraint(
                condition=Q(monthly_limit__isnull=True) | Q(monthly_limit__gte=0),
                name="customer_limit_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(stripe_customer_id__isnull=True) | ~Q(stripe_customer_id=""),
                name="customer_stripe_id_not_empty",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "plan"], name="customer_by_status"),
            models.Index(fields=["segment"], name="customer_by_segment"),
            models.Index(fields=["-signed_up_at"], name="customer_newest"),
            models.Index(Lower("email"), name="customer_by_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.company or self.external_id


class ContactRole(models.TextChoices):
    OWNER = "owner", "Owner"
    BILLING = "billing", "Billing"
    TECHNICAL = "technical", "Technical"
    MARKETING = "marketing", "Marketing"
    OTHER = "other", "Other"


class Contact(models.Model):
    """A further person at a customer, with the mail address and what they are written to about."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=ContactRole, default=ContactRole.OTHER)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "customers_contact"
        constraints = [
            models.UniqueConstraint("customer", Lower("email"), "role", name="contact_once_per_role"),
            models.CheckConstraint(condition=Q(role__in=ContactRole.values), name="contact_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"
