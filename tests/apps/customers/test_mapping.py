from decimal import Decimal
from typing import Any

import pytest

from apps.customers.policy.mapping import TELCO, BadMap, Target, choose_map, read_cells, to_minor
from apps.customers.policy.profile import read_customer


def test_columns_are_known_by_their_names() -> None:
    chosen = choose_map(["Customer ID", "E-Mail", "Plan", "Favourite colour"])
    assert {name: target.field for name, target in chosen.items()} == {
        "Customer ID": "external_id",
        "E-Mail": "email",
        "Plan": "plan",
    }


def test_the_telco_file_is_known_by_its_header() -> None:
    assert choose_map([*TELCO, "gender"]) == dict(TELCO)


def test_a_map_may_translate_values() -> None:
    chosen = choose_map(
        ["id", "Tier"], {"id": "external_id", "Tier": {"field": "plan", "values": {"L": "studio"}}}
    )
    assert read_cells({"id": "1", "Tier": "L"}, chosen, "USD") == {"external_id": "1", "plan": "studio"}


@pytest.mark.parametrize(
    ("columns", "wanted", "sentence"),
    [
        (["a"], {"b": "external_id"}, "no column b"),
        (["a"], {"a": "colour"}, "'colour', which is no field"),
        (["a", "b"], {"a": "external_id", "b": "external_id"}, "Two columns"),
        (["a", "b"], {"a": "name"}, "external_id"),
        (["colour"], None, "external_id"),
        (["a"], {"a": {"field": "external_id", "values": 1}}, "must be an object"),
        (["a"], {"a": None}, "which is no field"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(columns: list[str], wanted: Any, sentence: str) -> None:
    with pytest.raises(BadMap, match=sentence):
        choose_map(columns, wanted)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("29.85", "USD", 2985),
        ("0", "USD", 0),
        ("1980", "JPY", 1980),
        ("1.234", "KWD", 1234),
        ("1e3", "EUR", 100000),
    ],
)
def test_prices_become_minor_units_exactly(amount: str, currency: str, minor: int) -> None:
    assert to_minor(Decimal(amount), currency) == minor


def test_a_price_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="more decimals"):
        to_minor(Decimal("1.005"), "USD")


@pytest.mark.parametrize(
    ("field", "text"),
    [("base_price", "free"), ("base_price", "NaN"), ("base_price", "1e99"), ("tenure_months", "-1"),
     ("tenure_months", "1.5"), ("churned", "maybe"), ("signed_up_at", "31.12.2025")],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_names_its_column(field: str, text: str) -> None:
    with pytest.raises(ValueError, match="^Column: "):
        read_cells({"Column": text}, {"Column": Target(field)}, "USD")


def test_empty_cells_say_nothing() -> None:
    assert read_cells({"a": " ", "b": ""}, {"a": Target("plan"), "b": Target("base_price")}, "USD") == {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"email": "x"}, "mail address"),
        ({"email": "a@b\n.de"}, "mail address"),
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"name": "a\0"}, "U\\+0000"),
        ({"plan": "gold"}, "gold"),
        ({"base_price_minor": -1}, ">= 0"),
        ({"currency": "usd"}, "currency"),
        ({"country": "DEU"}, "country"),
        ({"name": "x" * 201}, "length <= 200"),
        ({"contacts": [{"email": "no"}]}, "contact"),
        ({"colour": "red"}, "colour"),
        ({"external_id": ""}, "length >= 1"),
    ],
)
def test_a_wrong_field_is_named(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_customer({"external_id": "1", **values})
