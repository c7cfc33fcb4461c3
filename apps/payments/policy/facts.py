"""What the automations of payments find: frozen, and complete enough to be decided again later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.payments.policy.ladder import Ladder, Position


@dataclass(frozen=True, slots=True)
class FailedInvoice:
    """An open invoice whose charge failed and that has no case. ``subject_id`` is the invoice's row."""

    subject_id: int
    customer_id: int
    invoice: str
    amount_minor: int
    currency: str
    collection_method: str
    subscription_status: str  # '' for an invoice of no subscription
    decline_code: str
    advice_code: str
    failed_card: str
    first_failed_at: datetime
    seen_at: datetime
    stripe_retries_at: datetime | None
    policy: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """An open case with what it is about. ``subject_id`` is the case's row, ``invoice`` and ``subscription``
    Stripe's ids, ``card`` the one that would be charged now ('' where not known). ``problem`` says
    why Stripe could not be asked; where it was asked, the two states are from Stripe itself."""

    subject_id: int
    customer_id: int
    invoice: str
    amount_minor: int
    currency: str
    invoice_status: str
    subscription: str
    subscription_status: str
    price_id: str
    decline_code: str
    card: str
    card_is_new: bool
    attempts_30d: int
    attempts_made: int
    position: Position
    ladder: Ladder
    email: str
    name: str
    locale: str
    hosted_url: str
    free_price: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SettledCase:
    """A case whose matter is over. ``state`` is the case's present state (open or lost)."""

    subject_id: int
    customer_id: int
    invoice: str
    invoice_status: str
    subscription_status: str
    state: str
    amount_minor: int
    currency: str
    access_percent: int
    downgraded_from: str
    written_off: bool
    email: str
    name: str
    locale: str
