"""GET entitlements/{external_id}: is the customer overdue, should access be cut."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.access.http import Answer
from apps.access.permissions import HasScope
from apps.core.clock import utc_now
from apps.customers.models import Customer
from apps.payments.queries.entitlement import entitlement


class EntitlementShape(serializers.Serializer[Any]):
    external_id = serializers.CharField()
    plan = serializers.CharField()
    access = serializers.ChoiceField(choices=["full", "rate_limited", "suspended"])
    cut_access = serializers.BooleanField()
    rate_limit_percent = serializers.IntegerField(min_value=0, max_value=100)
    overdue = serializers.BooleanField()
    days_past_due = serializers.IntegerField(min_value=0)
    owed_minor = serializers.IntegerField(help_text="In minor units")
    currency = serializers.CharField()
    reason = serializers.CharField()
    next_step = serializers.CharField(allow_blank=True)
    next_step_at = serializers.DateTimeField(allow_null=True)


class EntitlementView(APIView):
    permission_classes = [cast(Any, HasScope("billing:read"))]

    @extend_schema(operation_id="entitlement_retrieve", responses=EntitlementShape)
    def get(self, request: Request, external_id: str) -> Response:
        customer = None if "\x00" in external_id else Customer.objects.filter(external_id=external_id).first()
        if customer is None:
            raise NotFound("There is no such customer")
        found = entitlement(customer, utc_now())
        return Answer(asdict(found), found.reason)
