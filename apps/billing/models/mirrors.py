"""The mirror: what Stripe held when it was last asked. Made from objects fetched anew, never from events.

``as_of`` is the moment the fetched object was applied: an object fetched before it may be the older one
and is fetched again instead of being written over the newer.
"""

from django.db import models
from django.db.models import Q

from apps.customers.models import Customer


class Mirror(models.Model):
    stripe_id = models.CharField(max_length=255, unique=True)
    as_of = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.stripe_id


class Account(Mirror):
    """The Stripe customer of a customer: which card is charged where the subscription names none."""

    customer = models.OneToOneField(Customer, on_delete=models.CASCADE, related_name="stripe_account")
    default_card = models.CharField(max_length=255, blank=True)
    default_card_changed_at = models.DateTimeField(null=True, blank=True)
    delinquent = models.BooleanField(default=False)
    balance_minor = models.BigIntegerField(default=0, help_text="Negative is credit, as at Stripe")

    class Meta:
        db_table = "billing_account"


class Subscription(Mirror):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="subscriptions")
    status = models.CharField(max_length=30)
    price_id = models.CharField(max_length=255, blank=True)
    plan = models.CharField(max_length=20, blank=True, help_text="Code of the plan the price sells, if known")
    monthly_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=1)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    canceled_at = models.DateTimeField(null=True, blank=True)
    paused = models.BooleanField(default=False)
    default_card = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "billing_subscription"
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="subscription_currency_is_iso_4217"
            ),
            models.CheckConstraint(condition=Q(monthly_minor__gte=0), name="subscription_price_not_negative"),
        ]
        indexes = [models.Index(fields=["customer", "status"], name="subscription_of_customer")]


class Invoice(Mirror):
    """``first_failed_at`` is when its first charge failed; the ladder's days count from it."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="invoices")
    subscription_stripe_id = models.CharField(max_length=255, blank=True)
    number = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    amount_due_minor = models.BigIntegerField()
    amount_paid_minor = models.BigIntegerField()
    amount_remaining_minor = models.BigIntegerField()
    attempt_count = models.PositiveIntegerField(default=0)
    collection_method = models.CharField(max_length=40)
    hosted_url = models.TextField(blank=True)
    created = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(
        null=True, blank=True, help_text="Set while Stripe itself means to retry: must be off"
    )
    payment_intent_id = models.CharField(max_length=255, blank=True)
    first_failed_at = models.DateTimeField(null=True, blank=True)
    decline_code = models.CharField(max_length=255, blank=True)
    advice_code = models.CharField(max_length=255, blank=True)
    failed_card = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "billing_invoice"
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="invoice_currency_is_iso_4217"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "paid", "uncollectible", "void"]),
                name="invoice_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-created"], name="invoice_of_customer"),
            models.Index(
                fields=["id"],
                name="invoice_failed_open",
                condition=Q(status="open", first_failed_at__isnull=False),
            ),
            models.Index(fields=["subscription_stripe_id"], name="invoice_of_subscription"),
            models.Index(fields=["payment_intent_id"], name="invoice_of_payment"),
        ]


class Payment(Mirror):
    """A payment intent, or a charge without one. Charge and intent write columns of their own."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="stripe_payments")
    status = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    charge_as_of = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(null=True, blank=True)
    decline_code = models.CharField(max_length=255, blank=True)
    advice_code = models.CharField(max_length=255, blank=True)
    failed_card = models.CharField(max_length=255, blank=True)

    class Meta:
        db_table = "billing_payment"
        indexes = [models.Index(fields=["customer", "-created"], name="payment_of_customer")]


class Dispute(Mirror):
    """``payment_id`` is a payment intent's or charge's id; a dispute names no customer."""

    payment_id = models.CharField(max_length=255)
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    due_by = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "billing_dispute"
        indexes = [models.Index(fields=["payment_id"], name="dispute_of_payment")]
