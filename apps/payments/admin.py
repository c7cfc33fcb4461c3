"""Recovery cases with their time line, and the numbers of the ladders."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from apps.core.money import Money
from apps.messaging.compose.source import title_of
from apps.messaging.models import OutboxMessage
from apps.payments.models import LadderPlan, RecoveryCase
from apps.payments.policy.declines import CLASS_WORDS
from apps.payments.queries.entitlement import STEPS
from apps.runs.admin.base import RecordAdmin, column
from apps.runs.models import Effect, EvolutionEntry
from apps.runs.wording import code_words

TONES = {"open": "info", "recovered": "success", "lost": "danger", "canceled": ""}


@admin.register(RecoveryCase)
class RecoveryCaseAdmin(RecordAdmin):
    page_template = "payments/case.html"
    list_display = (
        "who",
        "owed",
        "shown_state",
        "why",
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

    @column("Why it failed", header=True)
    def why(self, case: RecoveryCase) -> list[str]:
        return [CLASS_WORDS.get(case.failure_class, case.failure_class), code_words(case.decline_code)]

    @column("Next")
    def coming(self, case: RecoveryCase) -> str:
        return STEPS.get(case.next_step, "")

    def record_context(self, request: HttpRequest, record: RecoveryCase) -> dict[str, Any]:
        attempts = list(record.attempts.order_by("at", "id"))
        invoice = record.invoice.stripe_id
        return {
            "failure": CLASS_WORDS.get(record.failure_class, record.failure_class),
            "owed": Money(record.invoice.amount_due_minor, record.invoice.currency),
            "ladder": record.ladder,
            "coming": STEPS.get(record.next_step, ""),
            "attempts": [(one, Money(one.amount_minor, one.currency)) for one in attempts],
            "mails": [(mail, title_of(mail.template)) for mail in _mails(record, invoice)],
            "effects": _done(record, invoice),
        }


def _mails(case: RecoveryCase, invoice: str) -> QuerySet[OutboxMessage]:
    found = OutboxMessage.objects.filter(customer_id=case.customer_id, dedupe_key__contains=invoice)
    return found.order_by("created_at", "id")[:50]


def _done(case: RecoveryCase, invoice: str) -> list[tuple[Effect, str]]:
    """The effects of one case, each with what the evolution log calls it. Its end is keyed by the case."""
    about = Q(key__contains=invoice) | Q(key__startswith=f"dunning:close:{case.pk}:")
    found = Effect.objects.filter(
        about, customer_id=case.customer_id, automation__startswith="payments."
    ).order_by("claimed_at")[:50]
    effects = list(found)
    entries = EvolutionEntry.objects.filter(effect_key__in=[effect.key for effect in effects])
    titles = dict(entries.order_by("timestamp").values_list("effect_key", "description"))
    return [(effect, titles.get(effect.key, effect.key)) for effect in effects]


@admin.register(LadderPlan)
class LadderPlanAdmin(ModelAdmin):
    """The operator's numbers; those of a case under way count from the next step on."""

    list_display = ("name", "retry_days", "final", "final_day", "grace_days")
    readonly_fields = ("name",)
    formfield_overrides: ClassVar[dict[Any, Any]] = {ArrayField: {"widget": UnfoldAdminTextInputWidget}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
