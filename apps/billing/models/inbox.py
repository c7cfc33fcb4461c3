"""StripeEvent: every signed body that came in, stored once. WebhookRejection: those that were not let in."""

from django.db import models
from django.db.models import Q


class EventState(models.TextChoices):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"  # of a type Apex does not process
    PARKED = "parked"  # its customer is not known yet; due again when the customer arrives
    FAILED = "failed"
    MALFORMED = "malformed"


class EventSource(models.TextChoices):
    STRIPE = "stripe"
    APEX = "apex"  # written by Apex to have an object fetched anew


class StripeEvent(models.Model):
    """``object_kind`` and ``object_id`` name what is fetched anew; the payload's snapshot is never used."""

    event_id = models.CharField(max_length=255, unique=True)
    source = models.CharField(max_length=10, choices=EventSource, default=EventSource.STRIPE)
    type = models.CharField(max_length=100, blank=True)
    object_kind = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=255, blank=True)
    stripe_customer_id = models.CharField(max_length=255, blank=True)
    api_version = models.CharField(max_length=60, blank=True)
    created = models.DateTimeField(help_text="At Stripe; for a malformed body, when it came in")
    livemode = models.BooleanField(default=False)
    payload = models.JSONField(null=True, blank=True)
    raw_body = models.TextField(blank=True, help_text="Of a malformed event, as text")
    state = models.CharField(max_length=10, choices=EventState, default=EventState.RECEIVED)
    attempts = models.PositiveIntegerField(
        default=0, help_text="Times it was put back; part of the effect's key"
    )
    error = models.TextField(blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "billing_stripe_event"
        verbose_name = "Stripe event"
        constraints = [
            models.CheckConstraint(condition=~Q(event_id=""), name="stripe_event_has_id"),
            models.CheckConstraint(condition=Q(state__in=EventState.values), name="stripe_event_state_known"),
            models.CheckConstraint(
                condition=Q(state="malformed") | Q(payload__isnull=False), name="stripe_event_has_payload"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["received", "parked", "processed"]) | ~Q(object_id=""),
                name="stripe_event_names_object",
            ),
            models.CheckConstraint(
                condition=~Q(state="processed") | Q(processed_at__isnull=False),
                name="stripe_event_processed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="stripe_event_due", condition=Q(state="received")),
            models.Index(
                fields=["stripe_customer_id"], name="stripe_event_parked", condition=Q(state="parked")
            ),
            models.Index(fields=["object_kind", "object_id"], name="stripe_event_of_object"),
            models.Index(fields=["-received_at"], name="stripe_event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type or 'malformed'} {self.event_id}"


class WebhookRejection(models.Model):
    """Calls turned away a UTC day, by reason: missing, malformed, stale, mismatch, too_large."""

    day = models.DateField()
    reason = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        db_table = "billing_webhook_rejection"
        constraints = [models.UniqueConstraint(fields=["day", "reason"], name="rejection_once_per_day")]
        ordering = ["-day", "reason"]

    def __str__(self) -> str:
        return f"{self.day} {self.reason}: {self.count}"
