"""Reads: customers as the API shows them, daily usage, and usage windows for whoever judges customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse

from apps.customers.models import Contact, Customer, UsageDaily
from apps.runs.people import Person

SHOWN = (
    "id",
    "external_id",
    "name",
    "email",
    "company",
    "plan",
    "base_price_minor",
    "currency",
    "status",
    "access",
    "lifecycle_stage",
    "segment",
    "locale",
    "country",
    "timezone",
    "acquisition_channel",
    "marketing_consent",
    "stripe_customer_id",
    "monthly_limit",
    "signed_up_at",
    "activated_at",
    "canceled_at",
    "created_at",
    "updated_at",
)

# For embedding as a CTE or subquery; %(today)s is a date in UTC. One row per customer with any usage in 60 days:
# sums of quantities over the last 30 days (today included) and the 30 before. days_active is of the last 30.
USAGE_WINDOWS: LiteralString = """
SELECT customer_id,
       coalesce(sum(quantity) FILTER (WHERE kind = 'impression' AND recent), 0)::bigint AS impressions,
       coalesce(sum(quantity) FILTER (WHERE kind = 'impression' AND NOT recent), 0)::bigint AS impressions_before,
       coalesce(sum(quantity) FILTER (WHERE kind = 'api_call' AND recent), 0)::bigint AS api_calls,
       coalesce(sum(quantity) FILTER (WHERE kind = 'api_call' AND NOT recent), 0)::bigint AS api_calls_before,
       coalesce(sum(quantity) FILTER (WHERE kind = 'api_error' AND recent), 0)::bigint AS api_errors,
       coalesce(sum(quantity) FILTER (WHERE kind = 'feature_use' AND recent), 0)::bigint AS feature_uses,
       coalesce(sum(quantity) FILTER (WHERE kind = 'dashboard_view' AND recent), 0)::bigint AS dashboard_views,
       coalesce(sum(quantity) FILTER (WHERE kind = 'login' AND recent), 0)::bigint AS logins,
       count(DISTINCT day) FILTER (WHERE recent) AS days_active,
       max(day) FILTER (WHERE kind = 'login') AS last_login_on,
       max(day) AS last_active_on
FROM (SELECT *, day > %(today)s::date - 30 AS recent FROM customers_usage_daily
      WHERE day > %(today)s::date - 60 AND day <= %(today)s::date) d
GROUP BY customer_id
"""


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """See USAGE_WINDOWS. Dates are UTC days, None where nothing happened in 60 days."""

    customer_id: int
    impressions: int
    impressions_before: int
    api_calls: int
    api_calls_before: int
    api_errors: int
    feature_uses: int
    dashboard_views: int
    logins: int
    days_active: int
    last_login_on: date | None
    last_active_on: date | None


def usage_windows(customer_ids: Sequence[int], today: date) -> dict[int, UsageWindow]:
    """By customer; those without any usage in 60 days are left out. One query."""
    limited = USAGE_WINDOWS.replace("WHERE day >", "WHERE customer_id = ANY(%(ids)s) AND day >", 1)
    with connection.cursor() as cursor:
        cursor.execute(limited, {"today": today, "ids": list(customer_ids)})
        return {row[0]: UsageWindow(*row) for row in cursor.fetchall()}


def find_customers(search: str = "", **filters: str) -> QuerySet[Customer]:
    """``filters``: exact values of plan, status, segment. Newest first."""
    found = Customer.objects.order_by("-signed_up_at", "-id").filter(
        **{name: value for name, value in filters.items() if value}
    )
    if search:
        found = found.filter(
            Q(external_id__icontains=search)
            | Q(name__icontains=search)
            | Q(email__icontains=search)
            | Q(company__icontains=search)
        )
    return found


def customer_detail(external_id: str) -> dict[str, Any] | None:
    """The fields of SHOWN and the contacts, or None."""
    customer = Customer.objects.filter(external_id=external_id).values(*SHOWN).first()
    if customer is None:
        return None
    contacts = Contact.objects.filter(customer_id=customer["id"])
    return {**customer, "contacts": list(contacts.order_by("id").values("email", "name", "role"))}


def daily_usage(customer_id: int, first: date, last: date) -> list[dict[str, Any]]:
    """Rows of day, kind, quantity, events, both days included, by day and kind."""
    rows = UsageDaily.objects.filter(customer_id=customer_id, day__range=(first, last)).order_by(
        "day", "kind"
    )
    return [dict(row) for row in rows.values("day", "kind", "quantity", "events")]


def usage_totals(customer_id: int, first: date, last: date) -> dict[str, int]:
    """Kind → sum of quantities."""
    totals = (
        UsageDaily.objects.filter(customer_id=customer_id, day__range=(first, last))
        .values("kind")
        .annotate(total=Sum("quantity"))
        .order_by("kind")
    )
    return {row["kind"]: row["total"] for row in totals}


def people(ids: Collection[int]) -> dict[int, Person]:
    """Names and pages for the autopilot's own lists, which know customers by number only."""
    return {
        one.pk: Person(str(one), reverse("admin:customers_customer_change", args=[one.pk]))
        for one in Customer.objects.filter(pk__in=ids)
    }
