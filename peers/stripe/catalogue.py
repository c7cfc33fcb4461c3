"""Products, prices and coupons."""

from __future__ import annotations

from peers.stripe.errors import bad_parameter, invalid
from peers.stripe.objects import Object
from peers.stripe.params import BOOL, FLOAT, INT, MAP, STR, Spec
from peers.stripe.routes import LIST, ONE, Route, list_of, retriever
from peers.stripe.world import World


def create_product(world: World, params: Object) -> Object:
    return world.save(world.make("product", **params), event="product.created")


def create_price(world: World, params: Object) -> Object:
    recurring = params.pop("recurring", None)
    world.referred("product", params["product"], "product")
    body = world.make("price", **params)
    body["unit_amount_decimal"] = str(params["unit_amount"])
    body["type"] = "recurring" if recurring else "one_time"
    template = {**body["recurring"], "interval_count": 1, "meter": None, "usage_type": "licensed"}
    body["recurring"] = {**template, **recurring} if recurring else None
    return world.save(body, event="price.created")


def create_coupon(world: World, params: Object) -> Object:
    if params.get("id") and world.store.get(params["id"]):
        raise invalid("Coupon already exists.", code="resource_already_exists")
    percent, duration = params.get("percent_off"), params.get("duration", "once")
    if percent is None:
        raise bad_parameter("You must pass either `percent_off` or `amount_off`.", code="parameter_missing")
    if not 0 < percent <= 100:
        raise bad_parameter(
            "Invalid percent_off: must be greater than 0 and less than or equal to 100", param="percent_off"
        )
    if (duration == "repeating") != ("duration_in_months" in params):
        raise bad_parameter(
            "You must pass duration_in_months when passing duration=repeating",
            code="parameter_missing",
            param="duration_in_months",
        )
    name = params.pop("name", None)
    return world.save(
        world.make("coupon", **{**params, "duration": duration, "name": name}), event="coupon.created"
    )


_PRICE: Spec = {
    "currency!": STR,
    "unit_amount!": INT,
    "product!": STR,
    "recurring": {"interval!": ("day", "week", "month", "year"), "interval_count": INT},
    "nickname": STR,
    "lookup_key": STR,
    "metadata": MAP,
    "active": BOOL,
    "expand": [STR],
}
_COUPON: Spec = {
    "id": STR,
    "percent_off": FLOAT,
    "duration": ("once", "repeating", "forever"),
    "duration_in_months": INT,
    "max_redemptions": INT,
    "name": STR,
    "metadata": MAP,
    "expand": [STR],
}
_PRODUCT: Spec = {
    "id": STR,
    "name!": STR,
    "description": STR,
    "active": BOOL,
    "metadata": MAP,
    "expand": [STR],
}

ROUTES = [
    Route("POST", "/v1/products", create_product, _PRODUCT, "ProductCreateParams"),
    Route("GET", "/v1/products", list_of("product", "/v1/products", {}), LIST, "ProductListParams"),
    Route("GET", "/v1/products/{}", retriever("product"), ONE, "ProductRetrieveParams"),
    Route("POST", "/v1/prices", create_price, _PRICE, "PriceCreateParams"),
    Route(
        "GET",
        "/v1/prices",
        list_of("price", "/v1/prices", {"product": "json_extract(body, '$.product')"}),
        {**LIST, "product": STR},
        "PriceListParams",
    ),
    Route("GET", "/v1/prices/{}", retriever("price"), ONE, "PriceRetrieveParams"),
    Route("POST", "/v1/coupons", create_coupon, _COUPON, "CouponCreateParams"),
    Route("GET", "/v1/coupons", list_of("coupon", "/v1/coupons", {}), LIST, "CouponListParams"),
    Route("GET", "/v1/coupons/{}", retriever("coupon", "coupon"), ONE, "CouponRetrieveParams"),
]
