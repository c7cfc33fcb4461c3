"""Health scores and interventions as the operator reads them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.core.clock import utc_now
from apps.core.money import Money
from apps.growth.models import CustomerHealthScore, Intervention
from apps.growth.policy.interventions import is_stale
from apps.growth.policy.wording import left_out, sentences
from apps.growth.queries.outcomes import intervention_effect
from apps.growth.queries.scores import newest, standing
from apps.growth.weekly import compared
from apps.runs.admin.base import RecordAdmin
from apps.runs.models import Effect

SHOWN_REASONS = 3
TONES = {"healthy": "good", "steady": "info", "weak": "warning", "at_risk": "bad", "unknown": "neutral"}
HISTORY_DAYS = 126  # eighteen weeks


class CustomerFilter(admin.SimpleListFilter):
    """One customer's rows; reached from the customer's page, so it offers no list of its own."""

    title = "customer"
    parameter_name = "customer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get(self.parameter_name, "")
        return [(asked, f"number {asked}")] if asked.isascii() and asked.isdigit() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(customer_id=int(value[:18])) if value else queryset


class DaysFilter(admin.SimpleListFilter):
    title = "days"
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("every", "every day, not only the newest")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "every" or request.GET.get(CustomerFilter.parameter_name):
            return queryset
        return queryset.filter(day=newest().values("day")[:1])


@admin.register(CustomerHealthScore)
class HealthScoreAdmin(RecordAdmin):
    page_template = "growth/health.html"
    list_display = ("shown_customer", "shown_score", "shown_level", "why", "day", "shown_age")
    list_filter = (DaysFilter, "level", CustomerFilter)
    list_select_related = ("customer",)
    search_fields = ("customer__external_id", "customer__name", "customer__email")
    ordering = ("-day", "score", "customer_id")

    @display(description="Customer", header=True)
    def shown_customer(self, row: CustomerHealthScore) -> tuple[str, str]:
        return str(row.customer), row.customer.email or row.customer.external_id

    @display(description="Score (100 is healthy)", ordering="score")
    def shown_score(self, row: CustomerHealthScore) -> str:
        return "unknown" if row.score is None else f"{row.score}"

    @display(
        description="Level",
        ordering="score",
        label={"healthy": "success", "steady": "info", "weak": "warning", "at_risk": "danger"},
    )
    def shown_level(self, row: CustomerHealthScore) -> tuple[str, str]:
        return row.level, row.get_level_display()

    @admin.display(description="Points lost, and why")
    def why(self, row: CustomerHealthScore) -> SafeString:
        found = sentences(row.reasons)[:SHOWN_REASONS] or ["nothing lost"]
        return format_html(
            '<div class="ax-cell">{}</div>',
            format_html_join("", "<div>{}</div>", ((text,) for text in found)),
        )

    @display(description="Calculated", ordering="calculated_at", label={"stale": "warning"})
    def shown_age(self, row: CustomerHealthScore) -> tuple[str, str]:
        when = f"{row.calculated_at:%d %b, %H:%M}"
        return ("stale", f"stale: {when}") if is_stale(row.calculated_at, utc_now()) else ("fresh", when)

    def record_context(self, request: HttpRequest, record: CustomerHealthScore) -> dict[str, Any]:
        now = utc_now()
        found = standing(record.customer_id, now, HISTORY_DAYS)
        return {
            "now": now,
            "stale": is_stale(record.calculated_at, now),
            "tone": TONES[record.level],
            "why": sentences(record.reasons),
            "left_out": left_out(record.components),
            "components": [(name, part) for name, part in record.components.items() if "score" in part],
            "history": found.history if found else [],
        }


@admin.register(Intervention)
class InterventionAdmin(RecordAdmin):
    page_template = "growth/intervention.html"
    list_display = (
        "shown_customer",
        "kind",
        "shown_arm",
        "score_at_start",
        "score_at_end",
        "shown_outcome",
        "cost",
        "opened_at",
    )
    list_filter = ("kind", "arm", "state", "outcome", CustomerFilter)
    list_select_related = ("customer",)
    search_fields = ("customer__external_id", "customer__name", "customer__email")
    ordering = ("-opened_at", "-id")

    @display(description="Customer", header=True)
    def shown_customer(self, row: Intervention) -> tuple[str, str]:
        return str(row.customer), row.customer.email or row.customer.external_id

    @display(description="Arm", ordering="arm", label={"treated": "success", "holdout": "info"})
    def shown_arm(self, row: Intervention) -> tuple[str, str]:
        return row.arm, row.get_arm_display()

    @display(
        description="Outcome",
        ordering="outcome",
        label={"open": "info", "kept": "success", "canceled": "danger", "not_given": "warning"},
    )
    def shown_outcome(self, row: Intervention) -> tuple[str, str]:
        return (row.outcome, row.get_outcome_display()) if row.outcome else ("open", "Open")

    @admin.display(description="Costs up to", ordering="cost_minor")
    def cost(self, row: Intervention) -> str:
        return str(Money(row.cost_minor, row.currency)) if row.cost_minor else "none"

    def record_context(self, request: HttpRequest, record: Intervention) -> dict[str, Any]:
        now = utc_now()
        effects = [found for found in intervention_effect(now) if found.kind == record.kind]
        return {
            "now": now,
            "cost": Money(record.cost_minor, record.currency),
            "monthly": Money(record.monthly_minor, record.currency),
            "effect": Effect.objects.filter(key=record.effect_key).first(),
            "compared": [compared(found) for found in effects],
            "factors": [factor.replace("_", " ") for factor in record.factors],
        }
