"""Customers and their cards."""

from __future__ import annotations

from peers.stripe.declines import card_named
from peers.stripe.errors import invalid, missing
from peers.stripe.objects import Object
from peers.stripe.params import MAP, PAGING, STR, Spec, Unset
from peers.stripe.routes import LIST, ONE, Route, list_of, retriever
from peers.stripe.world import World, merged

_ADDRESS: Spec = {name: Unset(STR) for name in ("city", "country", "line1", "line2", "postal_code", "state")}
_CUSTOMER: Spec = {
    "name": Unset(STR),
    "email": Unset(STR),
    "phone": Unset(STR),
    "description": Unset(STR),
    "address": _ADDRESS,
    "metadata": MAP,
    "invoice_settings": {"default_payment_method": STR},
    "preferred_locales": [STR],
    "expand": [STR],
}


def behaves(world: World, payment_method: str, outcome: str | None = None) -> str:
    """What an attempt with this payment method comes to; with ``outcome``, sets it."""
    if outcome is not None:
        world.store.set(f"card:{payment_method}", outcome)
    found: str = world.store.setting(f"card:{payment_method}", "success")
    return found


def new_card(world: World, name: str, *, param: str) -> Object:
    """A payment method from a test name (``pm_card_visa``, ``tok_visa``, ``pm_card_decline_lost_card``)."""
    known = card_named(name.removeprefix("pm_card_").removeprefix("tok_"))
    if known is None:
        raise missing("PaymentMethod", name, param=param, status=400 if param != "payment_method" else 404)
    outcome, brand, last4 = known
    body = world.make("payment_method")
    body["card"] = {**body["card"], "brand": brand, "display_brand": brand, "last4": last4, "wallet": None}
    body["card"]["networks"] = {"available": [brand], "preferred": None}
    behaves(world, body["id"], outcome)
    return world.save(body)


def attach(world: World, payment_method: str, customer: str, *, param: str = "payment_method") -> Object:
    """Attaches a card to a customer; a test name makes a new card, as in Stripe."""
    body = world.store.get(payment_method)
    if body is None:
        body = new_card(world, payment_method, param=param)
    if body["customer"] not in (None, customer):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if body["customer"] is None:
        body["customer"] = customer
        world.save(body, event="payment_method.attached")
    return body


def create_customer(world: World, params: Object) -> Object:
    card, settings = params.pop("payment_method", None), params.pop("invoice_settings", {})
    body = world.make("customer", **params)
    body["invoice_prefix"] = body["id"][-8:].upper()
    attached = attach(world, card, body["id"])["id"] if card else None
    if default := settings.get("default_payment_method"):
        # A test name given twice means the same card, as in Stripe.
        same = default == card
        body["invoice_settings"]["default_payment_method"] = (
            attached if same else _owned(world, default, body["id"])
        )
    return world.save(body, event="customer.created")


def _owned(world: World, payment_method: str, customer: str) -> str:
    param = "invoice_settings[default_payment_method]"
    body = world.referred("payment_method", payment_method, param)
    if body["customer"] != customer:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{payment_method}. The payment method must be attached to the customer.",
            code="resource_missing",
            param=param,
        )
    return str(body["id"])


def update_customer(world: World, params: Object, customer: str) -> Object:
    body = world.find("customer", customer, param="id")
    fields = dict(params)
    if "metadata" in fields:
        fields["metadata"] = merged(body["metadata"], fields["metadata"])
    if "invoice_settings" in fields:
        chosen = _owned(world, fields["invoice_settings"]["default_payment_method"], customer)
        fields["invoice_settings"] = {**body["invoice_settings"], "default_payment_method": chosen}
    return world.change(body, "customer.updated", **fields)


def create_payment_method(world: World, params: Object) -> Object:
    token = params.get("card", {}).get("token", "tok_visa")
    return new_card(world, token, param="card[token]")


def attach_payment_method(world: World, params: Object, payment_method: str) -> Object:
    world.referred("customer", params["customer"], "customer")
    return attach(world, payment_method, params["customer"])


_METHOD: Spec = {"type!": ("card",), "card": {"token!": STR}, "metadata": MAP, "expand": [STR]}
_EMAIL = "json_extract(body, '$.email')"

ROUTES = [
    Route(
        "POST", "/v1/customers", create_customer, {**_CUSTOMER, "payment_method": STR}, "CustomerCreateParams"
    ),
    Route(
        "GET",
        "/v1/customers",
        list_of("customer", "/v1/customers", {"email": _EMAIL}),
        {**LIST, "email": STR},
        "CustomerListParams",
    ),
    Route("GET", "/v1/customers/{}", retriever("customer"), ONE, "CustomerRetrieveParams"),
    Route("POST", "/v1/customers/{}", update_customer, _CUSTOMER, "CustomerUpdateParams"),
    Route("POST", "/v1/payment_methods", create_payment_method, _METHOD, "PaymentMethodCreateParams"),
    Route(
        "GET",
        "/v1/payment_methods",
        list_of("payment_method", "/v1/payment_methods", {"customer": "customer"}),
        {**PAGING, "customer": STR, "type": ("card",)},
        "PaymentMethodListParams",
    ),
    Route(
        "GET",
        "/v1/payment_methods/{}",
        retriever("payment_method", "payment_method"),
        ONE,
        "PaymentMethodRetrieveParams",
    ),
    Route(
        "POST",
        "/v1/payment_methods/{}/attach",
        attach_payment_method,
        {"customer!": STR, "expand": [STR]},
        "PaymentMethodAttachParams",
    ),
]
