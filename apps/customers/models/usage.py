"""Events as they came, the daily roll-up kept beside them, and events whose customer is not known yet
(CUS-2)."""

from django.db import models
from django.db.models import Q

from apps.customers.models.customer import Customer
from apps.customers.policy import KINDS

KIND_CHOICES = [(kind, kind.replace("_", " ").capitalize()) for kind in KINDS]


class Event(models.Model):
    """One usage or activity event. The table is partitioned by month of ``occurred_at`` and made by hand
    in the migration. ``key`` is a digest of the customer and the sender's event id; that it is stored once over all
    months is enforced by EventKey. No foreign key in the database: checking it row by row costs more than
    the insert.
    """

    pk = models.CompositePrimaryKey("customer_id", "occurred_at", "key")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="events", db_constraint=False, db_index=False
    )
    occurred_at = models.DateTimeField()
    key = models.UUIDField()
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    quantity = models.BigIntegerField()
    feature = models.CharField(max_length=100, blank=True, help_text="Which feature, page or endpoint")
    received_at = models.DateTimeField()

    class Meta:
        db_table = "customers_event"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} at {self.occurred_at:%Y-%m-%d %H:%M:%S}"


class EventKey(models.Model):
    """The keys of events taken in, over all months. Forgotten when an event that old would be refused
    anyway."""

    key = models.UUIDField(primary_key=True)
    received_on = models.DateField()

    class Meta:
        db_table = "customers_event_key"

    def __str__(self) -> str:
        return str(self.key)


class HeldEvent(models.Model):
    """An event of a customer nobody has told us about. Counted as soon as that customer arrives."""

    key = models.UUIDField(primary_key=True)
    external_id = models.CharField(max_length=200, db_index=True)
    occurred_at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    quantity = models.BigIntegerField()
    feature = models.CharField(max_length=100, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "customers_event_held"
        verbose_name = "held event"

    def __str__(self) -> str:
        return f"{self.kind} of unknown customer {self.external_id}"


class UsageDaily(models.Model):
    """Sum of one customer's events of one kind on one UTC day. Kept in the statement that stores the
    events."""

    pk = models.CompositePrimaryKey("customer_id", "day", "kind")
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="usage_days", db_index=False
    )
    day = models.DateField()
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    quantity = models.BigIntegerField(help_text="Sum of the events' quantities")
    events = models.BigIntegerField(help_text="How many events")

    class Meta:
        db_table = "customers_usage_daily"
        verbose_name_plural = "daily usage"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="usage_kind_known"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) & Q(events__gte=0), name="usage_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["day", "kind"], name="usage_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}: {self.quantity}"
