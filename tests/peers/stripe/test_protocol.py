"""The peer is as strict as Stripe: paths, keys, parameters, states, idempotency."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import requests
import stripe
import stripe.params as sdk

from peers.stripe.serving import ROUTES
from tests.contracts.payments_worlds import KEY, Real


def _call(world: Real, method: str, path: str, form: str = "", **headers: str) -> requests.Response:
    sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded", **headers}
    return requests.request(method, world.peer.url + path, data=form, headers=sent, timeout=5)


def _error(found: requests.Response) -> dict[str, Any]:
    error: dict[str, Any] = found.json()["error"]
    return error


def test_without_a_key_nothing_is_answered(world: Real) -> None:
    found = requests.get(world.peer.url + "/v1/customers", timeout=5)

    assert found.status_code == 401
    assert "API key" in _error(found)["message"]


def test_an_unknown_path_is_404_in_stripes_words(world: Real) -> None:
    found = _call(world, "GET", "/v1/teapots")

    assert found.status_code == 404
    assert _error(found)["message"].startswith("Unrecognized request URL (GET: /v1/teapots)")


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        ("/v1/customers", "nom=Ada", "parameter_unknown", "nom"),
        ("/v1/customers", "invoice_settings[x]=1", "parameter_unknown", "invoice_settings[x]"),
        ("/v1/subscriptions", "customer=cus_1", "parameter_missing", "items"),
        ("/v1/coupons", "percent_off=50&duration=repeating", "parameter_missing", "duration_in_months"),
        ("/v1/coupons", "percent_off=10&max_redemptions=x", "parameter_invalid_integer", "max_redemptions"),
        ("/v1/products", "name=", "parameter_invalid_empty", "name"),
    ],
)
def test_wrong_parameters_are_named(world: Real, path: str, form: str, code: str, param: str) -> None:
    found = _call(world, "POST", path, form)

    assert (found.status_code, _error(found)["code"], _error(found)["param"]) == (400, code, param)


@pytest.mark.parametrize("form", ["duration=sometimes&percent_off=5", "percent_off=x", "percent_off=0"])
def test_wrong_values_are_refused(world: Real, form: str) -> None:
    assert _call(world, "POST", "/v1/coupons", form).status_code == 400


def test_every_parameter_played_here_is_one_of_the_sdk(world: Real) -> None:
    checked = 0
    for route in ROUTES:
        if not route.sdk:
            continue
        known = _names(getattr(sdk, route.sdk))
        assert {name.rstrip("!") for name in route.spec} <= known, f"{route.method} {route.path}"
        checked += 1
    assert checked > 30


def _names(params: type) -> set[str]:
    names: set[str] = set()
    for base in inspect.getmro(params):
        names |= set(inspect.get_annotations(base))
    return names


def test_a_replay_is_the_same_to_the_byte_and_says_so(world: Real) -> None:
    first = _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"})
    second = _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"})

    assert second.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(("path", "form"), [("/v1/customers", "name=Bob"), ("/v1/products", "name=Ada")])
def test_a_key_belongs_to_its_parameters_and_its_endpoint(world: Real, path: str, form: str) -> None:
    _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"})

    found = _call(world, "POST", path, form, **{"Idempotency-Key": "k"})

    assert (found.status_code, _error(found)["type"]) == (400, "idempotency_error")


def test_a_failed_check_is_not_kept_under_the_key(world: Real) -> None:
    assert _call(world, "POST", "/v1/customers", "nom=Ada", **{"Idempotency-Key": "k"}).status_code == 400
    assert _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"}).status_code == 200


@pytest.mark.parametrize(("status", "kept"), [(500, True), (503, False), (429, False)])
def test_only_failures_that_began_are_kept(world: Real, status: int, kept: bool) -> None:
    world.peer.control("POST", "faults", path="/customers", before=status, retry_after=3)
    first = _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"})
    second = _call(world, "POST", "/v1/customers", "name=Ada", **{"Idempotency-Key": "k"})

    assert first.status_code == status
    assert second.status_code == (500 if kept else 200)
    assert first.headers.get("Retry-After") == (None if status == 500 else "3")


def test_lists_page_by_cursor_in_both_directions(world: Real) -> None:
    names = [world.client.v1.customers.create({"name": str(number)}).name for number in range(25)]

    listed = [found.name for found in world.client.v1.customers.list({"limit": 10}).auto_paging_iter()]
    assert listed == names[::-1]

    oldest = world.client.v1.customers.list({"limit": 100}).data[-1].id
    newer = world.client.v1.customers.list({"ending_before": oldest, "limit": 3})
    assert [found.name for found in newer.data] == ["3", "2", "1"]


def test_expansion_reaches_four_levels_and_refuses_what_is_no_reference(world: Real) -> None:
    invoice = world.invoice("success")
    found = world.client.v1.invoices.retrieve(
        invoice, {"expand": ["customer", "payments.data.payment.payment_intent"]}
    ).to_dict()
    assert found["customer"]["object"] == "customer"
    assert found["payments"]["data"][0]["payment"]["payment_intent"]["object"] == "payment_intent"

    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        world.client.v1.invoices.retrieve(invoice, {"expand": ["weather"]})


def test_invoices_have_the_shape_of_2026(world: Real) -> None:
    found = world.client.v1.invoices.retrieve(world.invoice("success")).to_dict()

    assert not {"subscription", "payment_intent", "charge"} & set(found)
    assert found["parent"]["type"] == "subscription_details"


def test_the_control_api_works_over_http_and_names_mistakes(world: Real) -> None:
    health = requests.get(world.peer.url + "/_peer/health", timeout=5)
    assert health.json()["ok"] is True

    wrong = requests.post(world.peer.url + "/_peer/script", json={"customer": "cus_x"}, timeout=5)
    assert wrong.status_code == 404
    customer = world.customer()
    wrong = requests.post(
        world.peer.url + "/_peer/script", json={"customer": customer, "outcomes": ["rain"]}, timeout=5
    )
    assert "unknown outcomes" in _error(wrong)["message"]


def test_the_page_shows_what_happened_and_escapes_it(world: Real) -> None:
    assert "None yet." in requests.get(world.peer.url + "/_peer/", timeout=5).text
    world.client.v1.customers.create({"name": "<b>Eve</b>"})
    world.payments.pay_invoice(world.invoice("success"), key="the-key")

    text = requests.get(world.peer.url + "/_peer/", timeout=5).text

    assert "&lt;b&gt;Eve" in text
    assert "the-key" in text
    assert "99.00 USD" in text
