"""A customer's health by API."""

from __future__ import annotations

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
from apps.growth.policy.wording import left_out, sentences
from apps.growth.queries.scores import Standing, standing


class DayShape(serializers.Serializer[Any]):
    day = serializers.DateField()
    score = serializers.FloatField(allow_null=True)
    level = serializers.CharField()


class HealthShape(DayShape):
    calculated_at = serializers.DateTimeField()
    stale = serializers.BooleanField(help_text="Older than 36 hours")
    components = serializers.DictField(help_text="score and share of each, or why it is left out")
    reasons = serializers.ListField(child=serializers.DictField(), help_text="Points lost, and why")
    explained = serializers.ListField(child=serializers.CharField(), help_text="The reasons as sentences")
    left_out = serializers.ListField(
        child=serializers.CharField(), help_text="Components without data, and why"
    )
    history = DayShape(many=True, help_text="The newest 30, newest first")


class HealthView(APIView):
    """The newest health score, why it is what it is, and the days before."""

    permission_classes = [cast(Any, HasScope("customers:read"))]

    @extend_schema(operation_id="customers_health", responses=HealthShape)
    def get(self, request: Request, external_id: str) -> Response:
        known = "\0" not in external_id
        customer = Customer.objects.filter(external_id=external_id).first() if known else None
        if customer is None:
            raise NotFound(f"There is no customer {external_id!r}")
        found = standing(customer.pk, utc_now())
        if found is None:
            raise NotFound("This customer has no health score yet; they are made at 19:00 UTC")
        return Answer(_shown(found))


def _shown(found: Standing) -> dict[str, Any]:
    latest = found.latest
    days = [
        {"day": row.day, "score": None if row.score is None else float(row.score), "level": row.level}
        for row in found.history
    ]
    return {
        **days[0],
        "calculated_at": latest.calculated_at,
        "stale": found.stale,
        "components": latest.components,
        "reasons": latest.reasons,
        "explained": sentences(latest.reasons),
        "left_out": left_out(latest.components),
        "history": days,
    }
