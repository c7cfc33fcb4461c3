"""Invoices and what is read beside them: payments, intents, charges, events."""

from __future__ import annotations

import re
from typing import Any

from peers.stripe.billing import settle
from peers.stripe.errors import bad_parameter, invalid
from peers.stripe.objects import Object
from peers.stripe.params import BOOL, INT, MAP, STR, Spec
from peers.stripe.payments import attempt
from peers.stripe.routes import LIST, ONE, Route, list_of, page, retriever
from peers.stripe.world import World, merged


def _payable(world: World, invoice: str) -> Object:
    body = world.find("invoice", invoice, param="invoice")
    if body["status"] == "paid":
        raise invalid("Invoice is already paid")
    if body["status"] == "void":
        raise invalid("Voided invoices cannot be paid.")
    return body


def pay(world: World, params: Object, invoice: str) -> Object:
    body = _payable(world, invoice)
    if params.get("paid_out_of_band"):
        return settle(world, body, paid=0)
    if body["amount_due"] == 0:
        return settle(world, body, paid=0)
    return attempt(world, body, params.get("payment_method"))


def void(world: World, _params: Object, invoice: str) -> Object:
    body = world.find("invoice", invoice, param="invoice")
    if body["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only pass in open invoices. This invoice isn't open. It is {body['status']}.")
    body["status_transitions"]["voided_at"] = world.now()
    body.update(status="void", amount_remaining=0, next_payment_attempt=None)
    for payment in world.store.select("invoice_payment", "parent=?", (invoice,)):
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = world.now()
        world.save(payment)
    return world.save(body, event="invoice.voided")


def update(world: World, params: Object, invoice: str) -> Object:
    body = world.find("invoice", invoice, param="invoice")
    metadata = merged(body["metadata"], params.get("metadata", {}))
    return world.change(body, "invoice.updated", metadata=metadata)


def list_invoice_payments(world: World, params: Object) -> Object:
    where, values = ["1"], list[Any]()
    for name, column in (("invoice", "parent"), ("status", "status")):
        if name in params:
            where.append(f"{column} = ?")
            values.append(params[name])
    if "payment" in params:
        where.append("json_extract(body, '$.payment.payment_intent') = ?")
        values.append(params["payment"].get("payment_intent"))
    return page(world, "invoice_payment", "/v1/invoice_payments", params, where, values)


_SEARCH = re.compile(r"metadata\['([^']+)'\]\s*:\s*'([^']*)'$")


def search_intents(world: World, params: Object) -> Object:
    """Only ``metadata['name']:'value'``; like Stripe's, its shape differs from a list's."""
    found = _SEARCH.match(params["query"])
    if not found:
        raise bad_parameter("The query is not one this peer plays", param="query")
    rows = world.store.select("payment_intent")
    data = [body for body in rows if body["metadata"].get(found[1]) == found[2]]
    return {
        "object": "search_result",
        "url": "/v1/payment_intents/search",
        "has_more": False,
        "next_page": None,
        "data": data[: params.get("limit", 10)],
    }


def list_events(world: World, params: Object) -> Object:
    where, values = ["1"], list[Any]()
    kinds = params.get("types") or ([params["type"]] if "type" in params else [])
    if "type" in params and "types" in params:
        raise bad_parameter("You may only specify one of these parameters: type, types.")
    if kinds:
        where.append("(" + " OR ".join("json_extract(body, '$.type') GLOB ?" for _ in kinds) + ")")
        values += kinds
    if "delivery_success" in params:
        wanting = "EXISTS (SELECT 1 FROM deliveries d WHERE d.event = objects.id AND d.state != 'delivered')"
        where.append(wanting if not params["delivery_success"] else f"NOT {wanting}")
    return page(world, "event", "/v1/events", params, where, values)


_BY_INTENT = {"payment_intent": "parent", "customer": "customer"}
_BY_SUBSCRIPTION = {"customer": "customer", "subscription": "parent", "status": "status"}
_INVOICE: Spec = {"metadata": MAP, "expand": [STR]}
_PAY: Spec = {"payment_method": STR, "off_session": BOOL, "paid_out_of_band": BOOL, "expand": [STR]}
_EVENTS: Spec = {**LIST, "type": STR, "types": [STR], "delivery_success": BOOL}
_PAYMENTS: Spec = {
    **LIST,
    "invoice": STR,
    "status": ("open", "paid", "canceled"),
    "payment": {"type!": ("payment_intent",), "payment_intent": STR},
}
_INVOICES: Spec = {
    **LIST,
    "customer": STR,
    "subscription": STR,
    "status": ("draft", "open", "paid", "uncollectible", "void"),
}

ROUTES = [
    Route(
        "GET",
        "/v1/invoices",
        list_of("invoice", "/v1/invoices", _BY_SUBSCRIPTION),
        _INVOICES,
        "InvoiceListParams",
    ),
    Route("GET", "/v1/invoices/{}", retriever("invoice", "invoice"), ONE, "InvoiceRetrieveParams"),
    Route("POST", "/v1/invoices/{}", update, _INVOICE, "InvoiceUpdateParams"),
    Route("POST", "/v1/invoices/{}/pay", pay, _PAY, "InvoicePayParams"),
    Route("POST", "/v1/invoices/{}/void", void, ONE, "InvoiceVoidInvoiceParams"),
    Route("GET", "/v1/invoice_payments", list_invoice_payments, _PAYMENTS, "InvoicePaymentListParams"),
    Route(
        "GET", "/v1/invoice_payments/{}", retriever("invoice_payment"), ONE, "InvoicePaymentRetrieveParams"
    ),
    Route(
        "GET",
        "/v1/payment_intents",
        list_of("payment_intent", "/v1/payment_intents", {"customer": "customer"}),
        {**LIST, "customer": STR},
        "PaymentIntentListParams",
    ),
    Route(
        "GET",
        "/v1/payment_intents/search",
        search_intents,
        {"query!": STR, "limit": INT, "expand": [STR]},
        "PaymentIntentSearchParams",
    ),
    Route(
        "GET",
        "/v1/payment_intents/{}",
        retriever("payment_intent", "intent"),
        ONE,
        "PaymentIntentRetrieveParams",
    ),
    Route(
        "GET",
        "/v1/charges",
        list_of("charge", "/v1/charges", _BY_INTENT),
        {**LIST, "customer": STR, "payment_intent": STR},
        "ChargeListParams",
    ),
    Route("GET", "/v1/charges/{}", retriever("charge"), ONE, "ChargeRetrieveParams"),
    Route("GET", "/v1/events", list_events, _EVENTS, "EventListParams"),
    Route("GET", "/v1/events/{}", retriever("event"), ONE, "EventRetrieveParams"),
    Route("GET", "/v1/disputes/{}", retriever("dispute", "dispute"), ONE, "DisputeRetrieveParams"),
    Route("GET", "/v1/checkout/sessions/{}", retriever("checkout.session", "session"), ONE, ""),
]
