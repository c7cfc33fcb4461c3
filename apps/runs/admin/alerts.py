"""Alerts, and what was learned of each kind of change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from apps.core.clock import utc_now
from apps.runs import actions
from apps.runs.admin.base import RecordAdmin, back, column, who
from apps.runs.dashboard_queries import posterior
from apps.runs.models import Alert, Confidence
from apps.runs.wording import label


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "open"), ("resolved", "resolved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(resolved_at__isnull=self.value() == "open") if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    page_template = "runs/alert.html"
    nothing = "No alerts."
    list_display = ("title", "shown_severity", "kind", "times", "raised_at", "resolved_at")
    list_filter = (OpenFilter, "severity")
    search_fields = ("title", "detail")
    ordering = ("-raised_at",)

    @column("Severity", label={"critical": "danger", "high": "warning", "medium": "info"})
    def shown_severity(self, alert: Alert) -> str:
        return alert.severity

    def record_context(self, request: HttpRequest, record: Alert) -> dict[str, Any]:
        return {"now": utc_now(), "may_resolve": self.may_change(request)}

    def get_urls(self) -> list[URLPattern]:
        resolve = self.admin_site.admin_view(require_POST(self.resolve_view))
        return [path("<int:ident>/resolve/", resolve, name="runs_alert_resolve"), *super().get_urls()]

    def resolve_view(self, request: HttpRequest, ident: int) -> HttpResponse:
        if not self.may_change(request):
            raise PermissionDenied
        if actions.resolve_alert(ident, who(request), utc_now()):
            messages.success(request, "Resolved. It opens again if the trouble comes back.")
        else:
            messages.warning(request, "That alert was resolved already.")
        return back(request)


@admin.register(Confidence)
class ConfidenceAdmin(RecordAdmin):
    page_template = "runs/confidence.html"
    list_title = "What was learned"
    nothing = "Nothing was learned yet: it begins with the first change that was watched to its end."
    list_display = ("kind", "learned", "alone", "updated_at")
    ordering = ("change_type",)

    @admin.display(description="Kind of change", ordering="change_type")
    def kind(self, row: Confidence) -> str:
        return label(row.change_type)

    @admin.display(description="So far")
    def learned(self, row: Confidence) -> str:
        return posterior(row).sentence()

    @column("May act by itself", boolean=True)
    def alone(self, row: Confidence) -> bool:
        return not posterior(row).forbids()

    def record_context(self, request: HttpRequest, record: Confidence) -> dict[str, Any]:
        return {"now": utc_now(), "posterior": posterior(record)}
