"""The inbox of Stripe's events, the plans, and the mirror of what Stripe holds."""

from apps.billing.models.inbox import EventSource, EventState, StripeEvent, WebhookRejection
from apps.billing.models.mirrors import Account, Dispute, Invoice, Payment, Subscription
from apps.billing.models.plans import Plan, PlanPrice

__all__ = [
    "Account",
    "Dispute",
    "EventSource",
    "EventState",
    "Invoice",
    "Payment",
    "Plan",
    "PlanPrice",
    "StripeEvent",
    "Subscription",
    "WebhookRejection",
]
