"""What the API's description says of requests and answers. Nothing here runs when a request is served."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

from apps.customers.models import Contact, Customer, UsageDaily
from apps.customers.policy import KINDS
from apps.customers.policy.events import MOST_QUANTITY
from apps.customers.queries import SHOWN


class ContactShape(serializers.ModelSerializer[Contact]):
    class Meta:
        model = Contact
        fields = ("email", "name", "role")


class CustomerShape(serializers.ModelSerializer[Customer]):
    class Meta:
        model = Customer
        fields = tuple(SHOWN)


class CustomerDetailShape(CustomerShape):
    contacts = ContactShape(many=True)

    class Meta(CustomerShape.Meta):
        fields = (*SHOWN, "contacts")


class CustomerWriteShape(CustomerDetailShape):
    """Only ``external_id`` is needed; what is left out stays as it is."""

    external_id = serializers.CharField(max_length=200)
    signed_up_at = serializers.DateTimeField(required=False)
    contacts = ContactShape(many=True, required=False)

    class Meta(CustomerShape.Meta):
        fields = tuple(
            name for name in (*SHOWN, "contacts") if name not in {"id", "created_at", "updated_at"}
        )


class CustomersWriteShape(serializers.Serializer[Any]):
    customers = CustomerWriteShape(many=True)


class RefusedShape(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="From 0, as in the list that was sent")
    reason = serializers.CharField()


class UpsertedShape(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    released_events = serializers.IntegerField(help_text="Held events that count now")
    refused = RefusedShape(many=True)


class EventShape(serializers.Serializer[Any]):
    customer = serializers.CharField(min_length=1, max_length=200, help_text="The customer's external_id")
    kind = serializers.ChoiceField(choices=KINDS)
    occurred_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="With offset; now, if left out"
    )
    quantity = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST_QUANTITY)
    id = serializers.CharField(
        required=False, max_length=200, help_text="Unique per customer; needed without Idempotency-Key"
    )
    feature = serializers.CharField(required=False, max_length=100)


class EventsShape(serializers.Serializer[Any]):
    events = EventShape(many=True)


class TakenShape(serializers.Serializer[Any]):
    accepted = serializers.IntegerField(help_text="Stored and counted")
    duplicates = serializers.IntegerField(help_text="Known before; not counted again")
    held = serializers.IntegerField(help_text="Kept until their customer is known, then counted")
    refused = RefusedShape(many=True)


class UsageDayShape(serializers.ModelSerializer[UsageDaily]):
    class Meta:
        model = UsageDaily
        fields = ("day", "kind", "quantity", "events")


UsageShape = inline_serializer(
    "Usage",
    {
        "first_day": serializers.DateField(),
        "last_day": serializers.DateField(),
        "totals": serializers.DictField(child=serializers.IntegerField()),
        "days": UsageDayShape(many=True),
    },
)
PageShape = inline_serializer(
    "CustomerPage",
    {
        "count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": CustomerShape(many=True),
    },
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Names this batch, up to 200 characters. An event without an id is known by it and its place.",
)
FILTERS = [
    OpenApiParameter(name, str, description=text)
    for name, text in (
        ("search", "Part of the external id, name, mail address or company"),
        ("plan", "free, indie, studio or enterprise"),
        ("status", "trialing, active, past_due, paused or canceled"),
        ("segment", "Exactly this segment"),
    )
] + [OpenApiParameter(name, int) for name in ("limit", "offset")]
DAYS = OpenApiParameter("days", int, description="How many days up to today, 1 to 400; 30 if left out")
