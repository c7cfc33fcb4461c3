"""Which column of a file is which field of a customer, and how its text is read."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.money import minor_digits
from apps.customers.policy.profile import FIELDS

# Fields only a file has: a price in major units ("29.85"), whole months since sign-up, churned yes or no.
FILE_FIELDS = ("external_id", *FIELDS, "base_price", "tenure_months", "churned")
_YES, _NO = {"yes", "true", "1", "y", "t"}, {"no", "false", "0", "n", "f", ""}
_ALIASES = {
    "customerid": "external_id",
    "id": "external_id",
    "customer": "external_id",
    "mail": "email",
    "emailaddress": "email",
    "fullname": "name",
    "customername": "name",
    "organisation": "company",
    "organization": "company",
    "companyname": "company",
    "monthlycharges": "base_price",
    "price": "base_price",
    "mrr": "base_price",
    "tenure": "tenure_months",
    "churn": "churned",
    "channel": "acquisition_channel",
    "consent": "marketing_consent",
    "language": "locale",
    "signupdate": "signed_up_at",
    "createdat": "signed_up_at",
    "stage": "lifecycle_stage",
}


@dataclass(frozen=True, slots=True)
class Target:
    """``values`` translates the cell before it is read, as {"Two year": "enterprise"}."""

    field: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)


ColumnMap = Mapping[str, Target]

# IBM's telco-customer-churn sample, known by its header. It has no plans: the contract's length stands in
# for them.
TELCO: ColumnMap = {
    "customerID": Target("external_id"),
    "Contract": Target("plan", {"Month-to-month": "indie", "One year": "studio", "Two year": "enterprise"}),
    "MonthlyCharges": Target("base_price"),
    "tenure": Target("tenure_months"),
    "Churn": Target("churned"),
}


class BadMap(ValueError):
    """The message names the column or field that is wrong."""


def choose_map(columns: Sequence[str], wanted: Mapping[str, Any] | None = None) -> ColumnMap:
    """``wanted``: column → field, or column → {"field": …, "values": {…}}; without it the map is found by the
    columns' names. Raises BadMap, also when no column gives the external id."""
    if wanted:
        chosen = {column: _target(column, given) for column, given in wanted.items()}
    elif set(TELCO) <= set(columns):
        chosen = dict(TELCO)
    else:
        chosen = {column: Target(name) for column in columns if (name := _by_name(column))}
    absent = sorted(set(chosen) - set(columns))
    if absent:
        raise BadMap(f"The file has no column {', '.join(absent)}; it has {', '.join(columns)}")
    fields = [target.field for target in chosen.values()]
    twice = sorted({name for name in fields if fields.count(name) > 1})
    if twice:
        raise BadMap(f"Two columns are mapped to {', '.join(twice)}")
    if "external_id" not in fields:
        raise BadMap(
            "No column is mapped to external_id; say which one, as external_id=COLUMN. "
            f"The file has {', '.join(columns)}"
        )
    return chosen


def _by_name(column: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", column.lower())
    by_field = {name.replace("_", ""): name for name in FILE_FIELDS}
    return by_field.get(plain) or _ALIASES.get(plain, "")


def _target(column: str, wanted: object) -> Target:
    name, values = (
        (wanted.get("field"), wanted.get("values") or {}) if isinstance(wanted, Mapping) else (wanted, {})
    )
    if name not in FILE_FIELDS:
        raise BadMap(
            f"{column} is mapped to {name!r}, which is no field; fields are {', '.join(FILE_FIELDS)}"
        )
    if not isinstance(values, Mapping):
        raise BadMap(f'The values of {column} must be an object, as {{"Two year": "enterprise"}}')
    return Target(str(name), {str(key): str(value) for key, value in values.items()})


def read_cells(cells: Mapping[str, str], chosen: ColumnMap, currency: str) -> dict[str, Any]:
    """Field → value of one line, ready for ``read_customer`` (``tenure_months`` stays, for the caller's
    clock). Empty cells say nothing. Raises ValueError naming the column."""
    values: dict[str, Any] = {}
    for column, target in chosen.items():
        text = cells[column].strip()
        text = target.values.get(text, text)
        if text:
            try:
                values[target.field] = _READERS.get(target.field, str)(text)
            except ValueError as error:
                raise ValueError(f"{column}: {error}") from None
    currency = values.get("currency", currency)
    if "base_price" in values:
        values["base_price_minor"] = to_minor(values.pop("base_price"), currency)
        values["currency"] = currency
    if "churned" in values:
        values["status"] = "canceled" if values.pop("churned") else "active"
    return values


def to_minor(amount: Decimal, currency: str) -> int:
    """Exactly: 29.85 USD is 2985. Raises ValueError for more digits than the currency has."""
    minor = amount.scaleb(minor_digits(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} has more decimals than {currency} has")
    return int(minor)


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace(" ", "").replace("\u00a0", ""))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount such as 29.85") from None
    if not amount.is_finite() or abs(amount) > 10**12:
        raise ValueError(f"{text!r} is not an amount such as 29.85")
    return amount


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _months(text: str) -> int:
    months = _whole(text)
    if not 0 <= months <= 600:
        raise ValueError(f"{text!r} must be between 0 and 600 months")
    return months


def _boolean(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"{text!r} is neither yes nor no")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date such as 2026-03-31 or 2026-03-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS: Mapping[str, Callable[[str], Any]] = {
    "base_price": _decimal,
    "base_price_minor": _whole,
    "monthly_limit": _whole,
    "tenure_months": _months,
    "churned": _boolean,
    "marketing_consent": _boolean,
    "signed_up_at": _moment,
    "activated_at": _moment,
    "canceled_at": _moment,
    "currency": str.upper,
    "country": str.upper,
    "plan": str.lower,
    "status": str.lower,
}
