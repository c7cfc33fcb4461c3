"""Customers: list, one, upsert, usage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.access.http import Answer, RawJson, raw_body
from apps.access.permissions import HasScope
from apps.core.clock import utc_now
from apps.customers.actions.upsert import upsert_customers
from apps.customers.api import described
from apps.customers.api.answers import Page, partly
from apps.customers.policy.people import BadPeople, read_people
from apps.customers.queries import SHOWN, customer_detail, daily_usage, find_customers, usage_totals

MOST_DAYS = 400


class CustomersView(APIView):
    """GET: newest first, in pages. POST: one customer, or {"customers": [ … ]} with up to 1,000."""

    parser_classes = [RawJson]

    def get_permissions(self) -> list[Any]:
        return [HasScope("customers:write" if self.request.method == "POST" else "customers:read")]

    @extend_schema(operation_id="customers_list", parameters=described.FILTERS, responses=described.PageShape)
    def get(self, request: Request) -> Response:
        asked = request.query_params
        found = find_customers(
            asked.get("search", ""), **{name: asked.get(name, "") for name in ("plan", "status", "segment")}
        )
        page = Page()
        rows: Any = page.paginate_queryset(cast(Any, found.values(*SHOWN)), request, view=self)
        return page.get_paginated_response(rows)

    @extend_schema(
        operation_id="customers_upsert",
        request=PolymorphicProxySerializer(
            "CustomersUpsert",
            [described.CustomerWriteShape, described.CustomersWriteShape],
            resource_type_field_name=None,
        ),
        responses={200: described.UpsertedShape, 422: described.UpsertedShape},
    )
    def post(self, request: Request) -> Response:
        try:
            people = read_people(raw_body(request))
        except BadPeople as error:
            raise ValidationError({"body": [str(error)]}) from None
        done = upsert_customers([row for _, row in people.rows], utc_now())
        refused = {bad.index: bad.reason for bad in people.refused}
        refused |= {people.rows[place][0]: reason for place, reason in done.refused.items()}
        data = {
            "created": done.created,
            "updated": done.updated,
            "unchanged": done.unchanged,
            "released_events": done.released_events,
            "refused": [{"index": index, "reason": refused[index]} for index in sorted(refused)],
        }
        return partly(data, len(people.rows) - len(done.refused))


class CustomerView(APIView):
    permission_classes = [cast(Any, HasScope("customers:read"))]

    @extend_schema(operation_id="customers_retrieve", responses=described.CustomerDetailShape)
    def get(self, request: Request, external_id: str) -> Response:
        return Answer(_existing(external_id))


class UsageView(APIView):
    permission_classes = [cast(Any, HasScope("customers:read"))]

    @extend_schema(
        operation_id="customers_usage", parameters=[described.DAYS], responses=described.UsageShape
    )
    def get(self, request: Request, external_id: str) -> Response:
        customer = _existing(external_id)
        days = request.query_params.get("days", "30")
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= MOST_DAYS):
            raise ValidationError({"days": [f"must be a whole number from 1 to {MOST_DAYS}"]})
        last = utc_now().date()
        first = last - timedelta(days=int(days) - 1)
        return Answer(
            {
                "first_day": first,
                "last_day": last,
                "totals": usage_totals(customer["id"], first, last),
                "days": daily_usage(customer["id"], first, last),
            }
        )


def _existing(external_id: str) -> dict[str, Any]:
    customer = None if "\0" in external_id else customer_detail(external_id)
    if customer is None:
        raise NotFound(f"There is no customer {external_id!r}")
    return customer
