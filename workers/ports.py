"""The whole outside world as Apex sees it: what can be read, what can be done, how it can fail.

Every call that changes something takes ``key``, the effect's idempotency key. A gateway hands it to
the vendor where the vendor honours keys. Amounts are integer minor units, times aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from apps.core.types import Json, JsonObject


class OutsideError(Exception):
    """Base of the three ways an outside call can fail. The message is shown to the operator."""


class Refused(OutsideError):
    """Certainly not done and it never will be: closed for good."""


class Unavailable(OutsideError):
    """Certainly not done, but may work later. ``retry_after`` is in seconds, if the vendor said."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotConfigured(Unavailable):
    """There is no such vendor yet: the operator has given no key or address. The work waits, uncounted."""


class Unknown(OutsideError):
    """May have been done: the answer never came or made no sense."""


# --- payments (Stripe) -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Charge:
    """The answer to an attempt to pay an invoice. A decline is an answer, not an exception."""

    invoice_id: str
    paid: bool
    amount_minor: int
    currency: str
    payment_intent_id: str = ""
    decline_code: str = ""  # Stripe's decline_code, or code where there is none
    advice_code: str = ""  # confirm_card_data, do_not_try_again, try_again_later
    message: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    discount_id: str
    coupon_id: str
    subscription_id: str
    percent: int
    months: int
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanChange:
    subscription_id: str
    price_id: str
    status: str


class PaymentsSource(Protocol):
    def retrieve(self, kind: str, object_id: str) -> JsonObject:
        """The vendor's object as it is now, as plain JSON. ``kind``: customer, subscription, invoice,
        payment_intent, payment_method, charge, dispute, checkout.session.
        Raises Refused when there is no such object, Unavailable when it cannot be asked."""
        ...

    def charge_made(self, invoice_id: str, key: str) -> Charge | None:
        """What became of the attempt made under ``key``, None if it certainly never happened.
        Raises Unknown when that cannot be told."""
        ...


class Payments(PaymentsSource, Protocol):
    def pay_invoice(self, invoice_id: str, *, key: str) -> Charge:
        """One attempt to charge an open invoice off session with the customer's default method.
        Refused when the invoice cannot be paid any more (already paid, void, deleted)."""
        ...

    def discount(self, subscription_id: str, *, percent: int, months: int, key: str) -> Discount: ...

    def end_discount(self, subscription_id: str, *, key: str) -> None: ...

    def change_plan(self, subscription_id: str, *, price_id: str, key: str) -> PlanChange:
        """Moves the subscription to ``price_id`` without proration (a downgrade after failed payment)."""
        ...


# --- mail ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One e-mail to one recipient, rendered. ``message_id`` is fixed when the row is queued.
    ``raw`` is the whole message as it goes over the wire (CRLF line ends); where it is given, it is
    sent as it is, and only ``sender`` and ``to`` are read beside it, as the envelope."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Handover:
    """The provider took the message over. ``response`` is its last line."""

    message_id: str
    response: str


class Mail(Protocol):
    def send(self, message: Message, *, key: str) -> Handover:
        """Refused: permanent (5xx). Unavailable: transient before DATA (4xx, no connection).
        Unknown: the connection broke after DATA was begun."""
        ...


# --- the operator's database -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueryStat:
    """One row of pg_stat_statements. Times in milliseconds."""

    query_id: int
    query: str
    calls: int
    mean_ms: float
    total_ms: float
    rows: int


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """A B-tree index as we would build it. Plain names, quoted by the gateway; ``name`` begins with apex_."""

    name: str
    schema: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexBuild:
    index_name: str
    statement: str
    valid: bool
    size_bytes: int
    seconds: float


class TargetSource(Protocol):
    def slow_queries(self, *, min_mean_ms: float, limit: int) -> Sequence[QueryStat]: ...

    def query_stat(self, query_id: int) -> QueryStat | None: ...

    def plan(self, query: str, *, hypothetical: IndexSpec | None = None) -> JsonObject:
        """The generic plan: the object under "Plan" in EXPLAIN's JSON. With ``hypothetical``, the plan as if
        that index existed (HypoPG); raises Refused where HypoPG is not installed."""
        ...

    def measure(self, query: str, *, runs: int = 3) -> float:
        """Median execution time in milliseconds of a read-only query, parameters as most common values,
        in a read-only transaction with a statement time-out."""
        ...

    def table_stat(self, table: str, *, schema: str = "") -> JsonObject:
        """What apps.platform.policy.Table says, as JSON. Without ``schema`` the name is looked up as the
        role's own queries would. Refused when there is no such table."""
        ...


class Target(TargetSource, Protocol):
    def create_index(self, index: IndexSpec, *, key: str) -> IndexBuild:
        """CREATE INDEX CONCURRENTLY IF NOT EXISTS with lock_timeout 5 s; an invalid leftover of the
        same name is dropped first. Repeating it is harmless. Refused for partitioned tables."""
        ...

    def drop_index(self, index: IndexSpec, *, key: str) -> None:
        """DROP INDEX CONCURRENTLY IF EXISTS; Refused for names that are not ours."""
        ...


# --- what the kernel hands out ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sources:
    """Read-only views, for ``find`` and ``measure``."""

    payments: PaymentsSource
    target: TargetSource


@dataclass(frozen=True, slots=True)
class Effects:
    """What can be done. Only ``act`` and ``undo`` are handed this."""

    payments: Payments
    mail: Mail
    target: Target


def receipt(**fields: Json) -> JsonObject:
    """What ``act`` returns when the effect was done: plain JSON, stored with the effect."""
    return fields
