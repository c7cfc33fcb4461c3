"""Slow queries with their time before and after, and what is predicted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from apps.core.clock import utc_now
from apps.platform.actions import acknowledge
from apps.platform.models import PredictiveAlert, SlowQuery
from apps.platform.policy import create_statement
from apps.platform.queries import outcome_of
from apps.runs.admin.base import RecordAdmin, back, column, who


@admin.register(SlowQuery)
class SlowQueryAdmin(RecordAdmin):
    page_template = "platform/slow_query.html"
    list_display = ("what", "shown_state", "now_ms", "was_ms", "calls", "shown_index", "last_seen")
    list_filter = ("state", "table_name")
    list_filter_sheet = False
    search_fields = ("query", "index_name")
    ordering = ("-recent_ms",)

    @column("Query", header=True)
    def what(self, row: SlowQuery) -> list[str]:
        return [" ".join(row.query.split())[:120], row.reason]

    @column("State", ordering="state")
    def shown_state(self, row: SlowQuery) -> str:
        return row.get_state_display()

    @column("Now", ordering="recent_ms")
    def now_ms(self, row: SlowQuery) -> str:
        return f"{row.recent_ms:,.0f} ms"

    @column("Before the index", ordering="before_ms")
    def was_ms(self, row: SlowQuery) -> str:
        return "" if row.before_ms is None else f"{row.before_ms:,.0f} ms"

    @column("Index")
    def shown_index(self, row: SlowQuery) -> str:
        return f"{row.table_name} ({', '.join(row.columns)})" if row.columns else ""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def record_context(self, request: HttpRequest, record: SlowQuery) -> dict[str, Any]:
        proposed = bool(record.columns)
        return {
            "outcome": outcome_of(record),
            "statement": create_statement(record.schema_name, record.table_name, record.columns)
            if proposed
            else "",
            "saving": _percent_less(record.cost_before, record.cost_after),
            "gain": _percent_less(record.before_ms, record.recent_ms),
        }


@admin.register(PredictiveAlert)
class PredictiveAlertAdmin(RecordAdmin):
    page_template = "platform/predictive_alert.html"
    list_display = ("what", "status", "predicted_for", "likely", "created_at")
    list_filter = ("status", "metric")
    list_filter_sheet = False
    ordering = ("predicted_for",)

    @column("What", header=True)
    def what(self, alert: PredictiveAlert) -> list[str]:
        return [alert.metric, alert.description]

    @column("Confidence", ordering="confidence")
    def likely(self, alert: PredictiveAlert) -> str:
        return f"{alert.confidence:.0%}"

    def get_urls(self) -> list[URLPattern]:
        seen = path(
            "<uuid:ident>/acknowledge/",
            self.admin_site.admin_view(self.acknowledge_view),
            name="platform_predictivealert_acknowledge",
        )
        return [seen, *super().get_urls()]

    @method_decorator(require_POST)
    def acknowledge_view(self, request: HttpRequest, ident: Any) -> HttpResponse:
        if not self.may_change(request):
            raise PermissionDenied
        if acknowledge(ident, who(request), utc_now()):
            self.message_user(request, "Acknowledged.")
        else:
            self.message_user(request, "It was acknowledged or has expired already.", "warning")
        return back(request, "admin:platform_predictivealert_changelist")

    def record_context(self, request: HttpRequest, record: PredictiveAlert) -> dict[str, Any]:
        return {
            "open": record.status == PredictiveAlert.Status.PENDING,
            "acknowledge_url": reverse("admin:platform_predictivealert_acknowledge", args=[record.pk]),
        }


def _percent_less(before: float | None, after: float | None) -> str:
    """How much less the second is, as "87 %"; '' where that cannot be said."""
    if before is None or after is None or before <= 0 or after > before:
        return ""
    return f"{1 - after / before:.0%}"
