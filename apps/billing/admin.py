"""The events inbox with its replay, and the mirror of Stripe: read only, but for plans and their prices."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, TabularInline

from apps.billing.actions import replay
from apps.billing.models import (
    Dispute,
    EventState,
    Invoice,
    Plan,
    PlanPrice,
    StripeEvent,
    Subscription,
    WebhookRejection,
)
from apps.billing.words import EVENT_TONES, INVOICE_TONES, REJECTIONS, SUBSCRIPTION_TONES
from apps.core.money import Money
from apps.customers.models import Customer
from apps.runs.admin.base import RecordAdmin, back, column
from apps.runs.wording import code_words


@admin.register(StripeEvent)
class StripeEventAdmin(RecordAdmin):
    page_template = "billing/event.html"
    list_display = ("shown_event", "shown_state", "received_at", "shown_error")
    list_display_links = ("shown_event",)
    list_filter = ("state", "source", "livemode", "type")
    search_fields = ("event_id", "object_id", "stripe_customer_id")
    search_help_text = "Id of the event, of its object or of the Stripe customer"
    ordering = ("-received_at", "-id")

    @column("Event", header=True)
    def shown_event(self, event: StripeEvent) -> list[str]:
        return [event.type or "malformed", (event.object_id or event.event_id)[:40]]

    @column("Why")
    def shown_error(self, event: StripeEvent) -> str:
        return event.error[:160]

    @column("State", label=EVENT_TONES)
    def shown_state(self, event: StripeEvent) -> str:
        return event.state

    def record_context(self, request: HttpRequest, record: StripeEvent) -> dict[str, Any]:
        return {
            "payload": json.dumps(record.payload, indent=2, ensure_ascii=False) if record.payload else "",
            "customer": _customer_of(record),
            "may_replay": self.may_change(request) and record.state in (EventState.FAILED, EventState.PARKED),
        }

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.replay_view))
        return [path("<int:ident>/replay/", again, name="billing_event_replay"), *super().get_urls()]

    def replay_view(self, request: HttpRequest, ident: int) -> HttpResponse:
        if not self.may_change(request):
            raise PermissionDenied
        if replay([ident]):
            messages.success(request, "The object is fetched anew within a minute.")
        else:
            messages.warning(request, "Only failed and parked events are replayed.")
        return back(request, "admin:billing_stripeevent_changelist")


def _customer_of(event: StripeEvent) -> Customer | None:
    if not event.stripe_customer_id:
        return None
    return Customer.objects.filter(stripe_customer_id=event.stripe_customer_id).first()


@admin.register(WebhookRejection)
class WebhookRejectionAdmin(RecordAdmin):
    page_template = "runs/record.html"
    list_display = ("day", "why", "count", "last_at")
    nothing = "No call was turned away."
    list_display_links = None
    list_filter = ("reason",)

    @column("Why it was turned away", ordering="reason")
    def why(self, row: WebhookRejection) -> str:
        return REJECTIONS.get(row.reason, row.reason)


@admin.register(Invoice)
class InvoiceAdmin(RecordAdmin):
    page_template = "billing/invoice.html"
    list_display = ("label", "customer", "amount", "shown_status", "created", "paid_at", "first_failed_at")
    list_filter = ("status",)
    list_select_related = ("customer",)
    search_fields = ("stripe_id", "number", "customer__name", "customer__email")
    ordering = ("-created", "-id")

    @column("Invoice")
    def label(self, invoice: Invoice) -> str:
        return invoice.number or invoice.stripe_id

    @column("Amount")
    def amount(self, invoice: Invoice) -> str:
        return str(Money(invoice.amount_due_minor, invoice.currency))

    @column("Status", label=INVOICE_TONES)
    def shown_status(self, invoice: Invoice) -> str:
        return invoice.status

    def record_context(self, request: HttpRequest, record: Invoice) -> dict[str, Any]:
        return {
            "amount": Money(record.amount_due_minor, record.currency),
            "left": Money(record.amount_remaining_minor, record.currency),
            "events": StripeEvent.objects.filter(object_kind="invoice", object_id=record.stripe_id).order_by(
                "created", "id"
            )[:50],
            "subscription": Subscription.objects.filter(
                stripe_id=record.subscription_stripe_id or ""
            ).first(),
        }


@admin.register(Subscription)
class SubscriptionAdmin(RecordAdmin):
    page_template = "billing/subscription.html"
    list_display = ("customer", "shown_plan", "monthly", "shown_status", "current_period_end")
    list_filter = ("status", "plan")
    list_select_related = ("customer",)
    search_fields = ("stripe_id", "customer__name", "customer__email")
    ordering = ("-id",)

    @column("Plan", ordering="plan")
    def shown_plan(self, subscription: Subscription) -> str:
        return subscription.plan.capitalize() or subscription.price_id

    @column("A month")
    def monthly(self, subscription: Subscription) -> str:
        return str(Money(subscription.monthly_minor, subscription.currency))

    @column("Status", label=SUBSCRIPTION_TONES)
    def shown_status(self, subscription: Subscription) -> tuple[str, str]:
        return subscription.status, code_words(subscription.status)

    def record_context(self, request: HttpRequest, record: Subscription) -> dict[str, Any]:
        return {
            "monthly": Money(record.monthly_minor, record.currency),
            "invoices": Invoice.objects.filter(subscription_stripe_id=record.stripe_id).order_by("-created")[
                :24
            ],
        }


@admin.register(Dispute)
class DisputeAdmin(RecordAdmin):
    page_template = "runs/record.html"
    list_display = ("stripe_id", "status", "reason", "due_by")
    list_display_links = None
    ordering = ("-id",)


class PriceInline(TabularInline):
    model = PlanPrice
    extra = 0


@admin.register(Plan)
class PlanAdmin(ModelAdmin):
    """What is sold. A price of Stripe's is entered here, so that subscriptions are recognised by it."""

    list_display = ("name", "monthly", "impressions", "trial_days")
    inlines = (PriceInline,)

    @column("A month", ordering="monthly_minor")
    def monthly(self, plan: Plan) -> str:
        return "by agreement" if plan.monthly_minor is None else str(Money(plan.monthly_minor, plan.currency))

    @column("Impressions a month", ordering="included_impressions")
    def impressions(self, plan: Plan) -> str:
        return "no limit" if plan.included_impressions is None else f"{plan.included_impressions:,}"
