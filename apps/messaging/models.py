"""The outbox, one row per recipient, and the addresses that must not be written to."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now


class MessageClass(models.TextChoices):
    TRANSACTIONAL = "transactional", "Transactional"  # about the account; needs no consent
    MARKETING = "marketing", "Marketing"


class MessageStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"  # taken over by the mail server
    SUPPRESSED = "suppressed", "Not sent: not wanted"
    BLOCKED = "blocked", "Not sent: incomplete"  # the template or its context must be put right
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"  # may have left; closed by rule, never repeated


class OutboxMessage(models.Model):
    """One e-mail to one person. ``dedupe_key`` makes queueing it twice the same as once."""

    dedupe_key = models.CharField(max_length=200, unique=True)
    message_class = models.CharField(max_length=13, choices=MessageClass)
    template = models.CharField(max_length=60)
    customer_id = models.BigIntegerField(null=True, blank=True)
    to = models.CharField(max_length=320, db_column="to_address")
    locale = models.CharField(max_length=20, default="en")
    context = models.JSONField(default=dict, help_text="What the template's variables are filled with")
    message_id = models.CharField(
        max_length=200, unique=True, help_text="Fixed when queued, the same in every try"
    )
    status = models.CharField(max_length=10, choices=MessageStatus, default=MessageStatus.QUEUED)
    reason = models.TextField(blank=True, db_default="", help_text="Why it was not sent")
    generation = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="Raised when the operator queues it again; part of the effect's key",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(help_text="Not before this moment")
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When it left the queue without being sent"
    )
    provider_response = models.TextField(blank=True, db_default="", help_text="The mail server's last line")

    class Meta:
        db_table = "messaging_outbox"
        verbose_name = "message"
        constraints = [
            models.CheckConstraint(condition=~Q(dedupe_key=""), name="message_has_dedupe_key"),
            models.CheckConstraint(condition=Q(status__in=MessageStatus.values), name="message_status_known"),
            models.CheckConstraint(
                condition=Q(message_class__in=MessageClass.values), name="message_class_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="message_sent_has_moment"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "sent"]) | (~Q(reason="") & Q(settled_at__isnull=False)),
                name="message_not_sent_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(to__contains="\n") & ~Q(to__contains="\r"), name="message_to_is_one_line"
            ),
        ]
        indexes = [
            # A page of the queue, in the order it is worked off. It holds only what waits; due_at is in it so
            # that a million messages planned for later are passed over without a look at the table.
            models.Index(fields=["id", "due_at"], name="message_queue_page", condition=Q(status="queued")),
            models.Index(fields=["-created_at"], name="message_newest"),
            models.Index(
                fields=["status", "-created_at"],
                name="message_troubled",
                condition=Q(status__in=["suppressed", "blocked", "failed", "unknown"]),
            ),
            models.Index(
                fields=["customer_id", "-created_at"],
                name="message_of_customer",
                condition=Q(customer_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} to {self.to} ({self.status})"

    @property
    def effect_key(self) -> str:
        return f"mail:{self.pk}:{self.generation}"


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    COMPLAINED = "complained", "Complained"
    BOUNCED = "bounced", "Mailbox does not exist"
    MANUAL = "manual", "Entered by the operator"


class SuppressionScope(models.TextChoices):
    MARKETING = "marketing", "Marketing only"
    ALL = "all", "Everything"


class Suppression(models.Model):
    """An address that is not written to. Kept in lower case, so that it is found whatever the spelling."""

    address = models.CharField(max_length=320, unique=True)
    reason = models.CharField(max_length=12, choices=SuppressionReason)
    scope = models.CharField(max_length=9, choices=SuppressionScope)
    detail = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "messaging_suppression"
        verbose_name = "suppressed address"
        verbose_name_plural = "suppressed addresses"
        constraints = [
            models.CheckConstraint(condition=Q(address=Lower("address")), name="suppression_lower_case"),
            models.CheckConstraint(
                condition=Q(scope__in=SuppressionScope.values), name="suppression_scope_known"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=SuppressionReason.values), name="suppression_reason_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} ({self.reason})"
