"""The list of customers, and one customer with everything that happened on one time line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from apps.core.clock import utc_now
from apps.core.money import Money
from apps.customers.charts import chart_options, usage_chart
from apps.customers.models import Customer
from apps.customers.queries import daily_usage, usage_totals
from apps.customers.timeline import lists, panels, timeline
from apps.runs.admin.base import RecordAdmin

CHART_DAYS = 60
ENTRIES = 100


@admin.register(Customer)
class CustomerAdmin(RecordAdmin):
    """Customers come and change by API, import and billing; here they are looked at."""

    page_template = "customers/customer.html"
    list_display = ("shown_name", "shown_status", "plan", "shown_price", "segment", "country", "signed_up_at")
    list_filter = ("status", "plan", "lifecycle_stage", ("segment", admin.AllValuesFieldListFilter))
    search_fields = ("external_id", "name", "email", "company")
    search_help_text = "Name, company, mail address or external id"
    ordering = ("-signed_up_at", "-id")
    sortable_by = ("plan", "signed_up_at", "shown_price")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Customer", header=True)
    def shown_name(self, customer: Customer) -> tuple[str, str]:
        below = customer.email or customer.company
        return str(customer), below if below != str(customer) else customer.external_id

    @display(
        description="Status",
        ordering="status",
        label={"active": "success", "trialing": "info", "past_due": "warning", "canceled": "danger"},
    )
    def shown_status(self, customer: Customer) -> tuple[str, str]:
        return customer.status, str(customer.get_status_display())

    @display(description="A month", ordering="base_price_minor")
    def shown_price(self, customer: Customer) -> str:
        return str(Money(customer.base_price_minor, customer.currency))

    def record_context(self, request: HttpRequest, record: Customer) -> dict[str, Any]:
        now = utc_now()
        last = now.date()
        first = last - timedelta(days=CHART_DAYS - 1)
        usage = daily_usage(record.pk, first, last)
        return {
            "now": now,
            "price": Money(record.base_price_minor, record.currency),
            "contacts": record.contacts.order_by("role", "email"),
            "entries": timeline(record.pk, ENTRIES),
            "panels": panels(record.pk),
            "links": lists(record.pk),
            "chart": usage_chart(usage, first, last) if usage else "",
            "chart_options": chart_options(),
            "totals": usage_totals(record.pk, last - timedelta(days=29), last),
        }
