"""Payments in memory, for tests: every answer is scripted, every call is recorded, nothing is random.

world = ScriptedPayments(now)
world.invoice("in_1", 9900, outcomes=["insufficient_funds", "success"])
world.fault(Unknown("lost"), acts=True)      # the next call is carried out, its answer is lost
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast

from apps.core.types import JsonObject
from workers.ports import Charge, Discount, OutsideError, PlanChange, Refused

T = TypeVar("T")
SUCCESS = "success"


@dataclass(slots=True)
class ScriptedInvoice:
    """``outcomes``: ``success`` or a decline code, one per attempt; the last one stays."""

    invoice_id: str
    amount_minor: int
    currency: str = "usd"
    status: str = "open"
    outcomes: list[str] = field(default_factory=lambda: [SUCCESS])


@dataclass(slots=True)
class ScriptedSubscription:
    subscription_id: str
    price_id: str
    status: str = "active"
    discount: Discount | None = None


@dataclass(frozen=True, slots=True)
class _Fault:
    error: OutsideError
    acts: bool
    stored: bool


class ScriptedPayments:
    """``Payments`` with Stripe's rules: one answer per key, no payment of what is paid or void.

    ``charges`` are the payments that went through, ``calls`` everything that was asked: (method, id, key)."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.charges: list[Charge] = []
        self.calls: list[tuple[str, str, str]] = []
        self.objects: dict[tuple[str, str], JsonObject] = {}
        self.invoices: dict[str, ScriptedInvoice] = {}
        self.subscriptions: dict[str, ScriptedSubscription] = {}
        self._faults: list[_Fault] = []
        self._answers: dict[str, tuple[tuple[object, ...], object]] = {}
        self._attempts: dict[tuple[str, str], Charge] = {}

    # --- the script --------------------------------------------------------------------------

    def invoice(
        self,
        invoice_id: str,
        amount_minor: int,
        *,
        outcomes: Sequence[str] = (SUCCESS,),
        currency: str = "usd",
    ) -> ScriptedInvoice:
        made = ScriptedInvoice(invoice_id, amount_minor, currency, outcomes=list(outcomes))
        self.invoices[invoice_id] = made
        return made

    def subscription(self, subscription_id: str, price_id: str) -> ScriptedSubscription:
        made = ScriptedSubscription(subscription_id, price_id)
        self.subscriptions[subscription_id] = made
        return made

    def holds(self, kind: str, object_id: str, body: JsonObject) -> None:
        """What ``retrieve`` answers."""
        self.objects[kind, object_id] = body

    def fault(self, error: OutsideError, *, acts: bool = False, stored: bool = False) -> None:
        """The next call raises ``error``; ``acts``: it is carried out all the same; ``stored``: the error is
        kept under the key and comes again, as Stripe does with its own failures."""
        self._faults.append(_Fault(error, acts, stored))

    # --- the port ----------------------------------------------------------------------------

    def retrieve(self, kind: str, object_id: str) -> JsonObject:
        self.calls.append(("retrieve", object_id, ""))
        self._raise_fault()
        found = self.objects.get((kind, object_id))
        if found is None:
            raise Refused(f"no {kind} {object_id}")
        return found

    def charge_made(self, invoice_id: str, key: str) -> Charge | None:
        self.calls.append(("charge_made", invoice_id, key))
        self._raise_fault()
        return self._attempts.get((invoice_id, key))

    def pay_invoice(self, invoice_id: str, *, key: str) -> Charge:
        return self._once("pay_invoice", key, (invoice_id,), lambda: self._pay(invoice_id, key))

    def discount(self, subscription_id: str, *, percent: int, months: int, key: str) -> Discount:
        def give() -> Discount:
            found = self._subscription(subscription_id)
            coupon = f"apex-{percent}pct-{months}mo"
            ends = _months_later(self.now, months)
            given = Discount(f"di_{key}", coupon, subscription_id, percent, months, ends)
            found.discount = given
            return given

        return self._once("discount", key, (subscription_id, percent, months), give)

    def end_discount(self, subscription_id: str, *, key: str) -> None:
        def end() -> None:
            self._subscription(subscription_id).discount = None

        self._once("end_discount", key, (subscription_id,), end)

    def change_plan(self, subscription_id: str, *, price_id: str, key: str) -> PlanChange:
        def change() -> PlanChange:
            found = self._subscription(subscription_id)
            found.price_id = price_id
            return PlanChange(subscription_id, price_id, found.status)

        return self._once("change_plan", key, (subscription_id, price_id), change)

    # --- the rules ---------------------------------------------------------------------------

    def _once(self, method: str, key: str, params: tuple[object, ...], act: Callable[[], T]) -> T:
        self.calls.append((method, str(params[0]), key))
        asked = (method, *params)
        fault = self._faults.pop(0) if self._faults else None
        if fault and not fault.acts and not fault.stored:
            raise fault.error
        if key in self._answers:
            answered = self._again(key, asked)
            return cast(T, answered)
        if fault and not fault.acts:
            self._answers[key] = (asked, fault.error)
            raise fault.error
        answer = act()
        self._answers[key] = (asked, fault.error if fault and fault.stored else answer)
        if fault:
            raise fault.error
        return answer

    def _again(self, key: str, asked: tuple[object, ...]) -> object:
        before, answer = self._answers[key]
        if before != asked:
            raise Refused(f"{key} was used before with other parameters: {before}, now {asked}")
        if isinstance(answer, OutsideError):
            raise answer
        return answer

    def _pay(self, invoice_id: str, key: str) -> Charge:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            raise Refused(f"no invoice {invoice_id}")
        if invoice.status != "open":
            raise Refused(f"{invoice_id} is {invoice.status}")
        outcome = invoice.outcomes.pop(0) if len(invoice.outcomes) > 1 else invoice.outcomes[0]
        paid = outcome == SUCCESS
        charge = Charge(
            invoice_id,
            paid,
            invoice.amount_minor,
            invoice.currency,
            payment_intent_id=f"pi_{invoice_id}",
            decline_code="" if paid else outcome,
            message="" if paid else f"declined: {outcome}",
        )
        self._attempts[invoice_id, key] = charge
        if paid:
            invoice.status = "paid"
            self.charges.append(charge)
        return charge

    def _subscription(self, subscription_id: str) -> ScriptedSubscription:
        found = self.subscriptions.get(subscription_id)
        if found is None or found.status == "canceled":
            raise Refused(f"no live subscription {subscription_id}")
        return found

    def _raise_fault(self) -> None:
        if self._faults:
            raise self._faults.pop(0).error


def _months_later(moment: datetime, months: int) -> datetime:
    count = moment.month - 1 + months
    year, month = moment.year + count // 12, count % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
