"""What is due for the automations of dunning; frozen facts, paged by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from apps.billing.models import Account, Invoice, Subscription
from apps.billing.queries import current_price
from apps.core.types import Window
from apps.payments.models import CaseState, PaymentAttempt, RecoveryCase
from apps.payments.policy.facts import CaseFacts, FailedInvoice, SettledCase
from apps.payments.policy.ladder import StepKind
from apps.payments.queries.positions import Tried, position, recent_attempts, tried

ENDED = ("canceled", "incomplete_expired")


def _of_subscription(field: str) -> Coalesce:
    """A field of the invoice's subscription, '' where there is none. For querysets of cases."""
    found = Subscription.objects.filter(stripe_id=OuterRef("invoice__subscription_stripe_id")).values(field)[
        :1
    ]
    return Coalesce(Subquery(found), Value(""), output_field=CharField())


def _card() -> Coalesce:
    """What Stripe would charge: the subscription's own card, else the customer's default."""
    default = Account.objects.filter(customer=OuterRef("customer")).values("default_card")[:1]
    return Coalesce(
        NullIf(_of_subscription("default_card"), Value("")),
        Subquery(default),
        Value(""),
        output_field=CharField(),
    )


def _in_window(rows: QuerySet[RecoveryCase], window: Window) -> QuerySet[RecoveryCase]:
    rows = rows.filter(id__gt=window.after)
    if window.until is not None:
        rows = rows.filter(id__lte=window.until)
    return rows.order_by("id")[: window.limit]


def _open_cases() -> QuerySet[RecoveryCase]:
    """Annotated with the card that would be charged and whether it is one that was not tried yet."""
    changed = Account.objects.filter(
        customer=OuterRef("customer"), default_card_changed_at__gt=OuterRef("opened_at")
    )
    attempts = PaymentAttempt.objects.filter(case=OuterRef("pk"), card=OuterRef("card"))
    return (
        RecoveryCase.objects.filter(state=CaseState.OPEN)
        .select_related("invoice", "customer", "ladder")
        .annotate(
            card=_card(),
            subscription_status=_of_subscription("status"),
            price_id=_of_subscription("price_id"),
        )
        .annotate(
            card_is_new=~Q(card="")
            & ~Q(card=F("failed_card"))
            & ~Exists(attempts)
            & (~Q(failed_card="") | Exists(changed))
        )
    )


def due_cases(window: Window, now: datetime, steps: Sequence[StepKind]) -> list[CaseFacts]:
    """Open cases whose next step is one of these and due."""
    due = _open_cases().filter(next_due_at__lte=now, next_step__in=[step.value for step in steps])
    return _facts(list(_in_window(due, window)), now)


def chargeable_cases(window: Window, now: datetime) -> list[CaseFacts]:
    """Open cases with a retry due, and those whose customer has given a card that was not tried (DUN-6)."""
    retry = Q(next_due_at__lte=now, next_step=StepKind.CHARGE.value)
    return _facts(list(_in_window(_open_cases().filter(retry | Q(card_is_new=True)), window)), now)


def _facts(cases: Sequence[RecoveryCase], now: datetime) -> list[CaseFacts]:
    attempts = tried([case.id for case in cases])
    recent = recent_attempts([case.customer_id for case in cases], now)
    free_price = current_price("free") if cases else ""
    return [
        _case_facts(case, attempts.get(case.id, Tried()), recent.get(case.customer_id, 0), free_price)
        for case in cases
    ]


def _case_facts(case: RecoveryCase, attempts: Tried, recent: int, free_price: str) -> CaseFacts:
    invoice, customer = case.invoice, case.customer
    annotated = case.__dict__
    return CaseFacts(
        subject_id=case.id,
        customer_id=case.customer_id,
        invoice=invoice.stripe_id,
        amount_minor=invoice.amount_remaining_minor,
        currency=invoice.currency,
        invoice_status=invoice.status,
        subscription=invoice.subscription_stripe_id,
        subscription_status=annotated["subscription_status"],
        price_id=annotated["price_id"],
        decline_code=case.decline_code,
        card=annotated["card"],
        card_is_new=annotated["card_is_new"],
        attempts_30d=recent,
        attempts_made=attempts.made,
        position=position(case, attempts),
        ladder=case.ladder.as_ladder(),
        email=customer.email,
        name=customer.name,
        locale=customer.locale,
        hosted_url=invoice.hosted_url,
        free_price=free_price,
    )


def failed_invoices(window: Window) -> list[FailedInvoice]:
    """Open invoices with a failed charge and no case yet. One whose case is over does not get another."""
    status = Subscription.objects.filter(stripe_id=OuterRef("subscription_stripe_id")).values("status")[:1]
    rows = (
        Invoice.objects.filter(status="open", first_failed_at__isnull=False, id__gt=window.after)
        .filter(~Exists(RecoveryCase.objects.filter(invoice=OuterRef("pk"))))
        .annotate(subscription_status=Coalesce(Subquery(status), Value(""), output_field=CharField()))
    )
    if window.until is not None:
        rows = rows.filter(id__lte=window.until)
    return [
        FailedInvoice(
            subject_id=row.id,
            customer_id=row.customer_id,
            invoice=row.stripe_id,
            amount_minor=row.amount_remaining_minor,
            currency=row.currency,
            collection_method=row.collection_method,
            subscription_status=row.subscription_status,
            decline_code=row.decline_code,
            advice_code=row.advice_code,
            failed_card=row.failed_card,
            first_failed_at=row.first_failed_at,
            seen_at=row.as_of,
            stripe_retries_at=row.next_attempt_at,
            policy=settings.DUNNING_POLICY,
        )
        for row in rows.order_by("id")[: window.limit]
        if row.first_failed_at is not None
    ]


def settled_cases(window: Window, now: datetime) -> list[SettledCase]:
    """Cases whose matter is over: paid, void, canceled, or at the end of a ladder with nothing to downgrade.
    A lost case whose invoice was paid after all is among them."""
    written_off = Q(next_step=StepKind.WRITE_OFF.value, next_due_at__lte=now)
    over = Q(invoice__status__in=["paid", "void", "uncollectible"]) | Q(subscription_status__in=ENDED)
    rows = (
        RecoveryCase.objects.filter(state__in=[CaseState.OPEN, CaseState.LOST])
        .select_related("invoice", "customer")
        .annotate(subscription_status=_of_subscription("status"))
        .filter(
            Q(state=CaseState.OPEN) & (over | written_off) | Q(state=CaseState.LOST, invoice__status="paid")
        )
    )
    return [
        SettledCase(
            subject_id=case.id,
            customer_id=case.customer_id,
            invoice=case.invoice.stripe_id,
            invoice_status=case.invoice.status,
            subscription_status=case.__dict__["subscription_status"],
            state=case.state,
            amount_minor=case.invoice.amount_due_minor,
            currency=case.invoice.currency,
            access_percent=case.access_percent,
            downgraded_from=case.downgraded_from,
            written_off=case.next_step == StepKind.WRITE_OFF.value
            and case.next_due_at is not None
            and case.next_due_at <= now,
            email=case.customer.email,
            name=case.customer.name,
            locale=case.customer.locale,
        )
        for case in _in_window(rows, window)
    ]
