"""Recovery cases with their time line, and the numbers of the ladders."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.core.money import Money
from apps.messaging.models import OutboxMessage
from apps.payments.models import LadderPlan, RecoveryCase
from apps.payments.queries.entitlement import STEPS
from apps.runs.admin.base import RecordAdmin, column
from apps.runs.models import Effect

TONES = {"open": "info", "recovered": "success", "lost": "danger", "canceled": ""}


@admin.register(RecoveryCase)
class RecoveryCaseAdmin(RecordAdmin):
    page_template = "payments/case.html"
    list_display = (
        "who",
        "owed",
        "shown_state",
        "failure_class",
        "decline_code",
        "coming",
        "next_due_at",
        "opened_at",
    )
    list_filter = ("state", "failure_class", "ladder")
    list_select_related = ("customer", "invoice")
    search_fields = ("customer__name", "customer__email", "invoice__stripe_id", "invoice__number")
    search_help_text = "Customer, or the invoice's number or Stripe id"
    ordering = ("-opened_at", "-id")

    @column("Customer")
    def who(self, case: RecoveryCase) -> str:
        return str(case.customer)

    @column("Amount")
    def owed(self, case: RecoveryCase) -> str:
        return str(Money(case.invoice.amount_due_minor, case.invoice.currency))

    @column("State", label=TONES)
    def shown_state(self, case: RecoveryCase) -> str:
        return case.state

    @column("Next")
    def coming(self, case: RecoveryCase) -> str:
        return STEPS.get(case.next_step, "")

    def record_context(self, request: HttpRequest, record: RecoveryCase) -> dict[str, Any]:
        attempts = list(record.attempts.order_by("at", "id"))
        invoice = record.invoice.stripe_id
        return {
            "owed": Money(record.invoice.amount_due_minor, record.invoice.currency),
            "ladder": record.ladder,
            "coming": STEPS.get(record.next_step, ""),
            "attempts": [(one, Money(one.amount_minor, one.currency)) for one in attempts],
            "mails": OutboxMessage.objects.filter(
                customer_id=record.customer_id, dedupe_key__contains=invoice
            ).order_by("created_at", "id")[:50],
            "effects": Effect.objects.filter(
                customer_id=record.customer_id, automation__startswith="payments.", key__contains=invoice
            ).order_by("claimed_at")[:50],
        }


@admin.register(LadderPlan)
class LadderPlanAdmin(ModelAdmin):
    """The operator's numbers; those of a case under way count from the next step on."""

    list_display = ("name", "retry_days", "final", "final_day", "grace_days")
    readonly_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
