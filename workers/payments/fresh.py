"""Stripe's own word just before something is done to a customer: a webhook may be late or lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from apps.payments.policy.facts import CaseFacts
from workers.ports import OutsideError, PaymentsSource


def confirmed(cases: Iterable[CaseFacts], source: PaymentsSource) -> Iterator[CaseFacts]:
    """The same cases with invoice and subscription as they are now; where Stripe cannot be asked, with the
    problem, so that this one is left for the next tick and the others go on."""
    for facts in cases:
        try:
            status = _status(source, "invoice", facts.invoice)
            of_subscription = (
                _status(source, "subscription", facts.subscription) if facts.subscription else ""
            )
        except OutsideError as error:
            yield replace(facts, problem=f"Stripe could not be asked ({type(error).__name__})")
        else:
            yield replace(facts, invoice_status=status, subscription_status=of_subscription)


def _status(source: PaymentsSource, kind: str, object_id: str) -> str:
    return str(source.retrieve(kind, object_id).get("status", ""))
