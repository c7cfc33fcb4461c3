"""What may be said about a customer from outside: the shape of one row of an upsert, and its checks
(CUS-1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import msgspec
from msgspec import UNSET, Meta, UnsetType

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\".]{2,}")

Short = Annotated[str, Meta(max_length=60)]
Long = Annotated[str, Meta(max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
Amount = Annotated[int, Meta(ge=0, le=2**62)]
PlanCode = Literal["free", "indie", "studio", "enterprise"]
StatusCode = Literal["trialing", "active", "past_due", "paused", "canceled"]
AccessCode = Literal["full", "rate_limited", "suspended"]
StageCode = Literal["trial", "onboarding", "activated", "engaged", "expansion", "advocate"]
RoleCode = Literal["owner", "billing", "technical", "marketing", "other"]


class ContactIn(msgspec.Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(max_length=254)]
    name: Long = ""
    role: RoleCode = "other"


class CustomerIn(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A customer as sent. Fields left out stay as they are, or get the default when the customer is new.
    ``base_price_minor`` is a month's price in minor units; ``contacts``, when given, replaces all
    contacts."""

    external_id: Annotated[str, Meta(min_length=1, max_length=200)]
    name: Long | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=254)] | UnsetType = UNSET
    company: Long | UnsetType = UNSET
    plan: PlanCode | UnsetType = UNSET
    base_price_minor: Amount | UnsetType = UNSET
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | UnsetType = UNSET
    status: StatusCode | UnsetType = UNSET
    access: AccessCode | UnsetType = UNSET
    lifecycle_stage: StageCode | UnsetType = UNSET
    segment: Short | UnsetType = UNSET
    locale: Annotated[str, Meta(min_length=2, max_length=20)] | UnsetType = UNSET
    country: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] | UnsetType = UNSET
    timezone: Short | UnsetType = UNSET
    acquisition_channel: Short | UnsetType = UNSET
    marketing_consent: bool | UnsetType = UNSET
    stripe_customer_id: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType | None = UNSET
    monthly_limit: Amount | UnsetType | None = UNSET
    signed_up_at: Moment | UnsetType = UNSET
    activated_at: Moment | UnsetType | None = UNSET
    canceled_at: Moment | UnsetType | None = UNSET
    contacts: Annotated[list[ContactIn], Meta(max_length=50)] | UnsetType = UNSET


FIELDS = tuple(name for name in CustomerIn.__struct_fields__ if name not in {"external_id", "contacts"})


def given(row: CustomerIn) -> dict[str, Any]:
    """The fields that were sent, by name, without the external id and the contacts."""
    return {name: value for name in FIELDS if (value := getattr(row, name)) is not UNSET}


def why_row_refused(row: CustomerIn) -> str | None:
    """What the shape cannot say: a mail address, a time zone, and text the database can hold."""
    for name in CustomerIn.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, str) and "\0" in value:
            return f"{name} must not contain the character U+0000"
        if isinstance(value, datetime) and not 1970 <= value.year <= 9000:
            return f"{name} must lie between the years 1970 and 9000"
    if isinstance(row.email, str) and row.email and not is_email(row.email):
        return f"email {row.email!r} is not a mail address"
    if isinstance(row.timezone, str) and row.timezone not in available_timezones():
        return f"timezone {row.timezone!r} is not a name of the IANA database, such as Europe/Berlin"
    for contact in row.contacts or ():
        if "\0" in contact.name or not is_email(contact.email):
            return f"contact {contact.email!r} is not a mail address"
    return None


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None and text.isprintable()


def read_customer(values: Mapping[str, Any]) -> CustomerIn:
    """From plain values. Raises ValueError (msgspec.ValidationError is one) saying which field is wrong."""
    row = msgspec.convert(values, CustomerIn)
    reason = why_row_refused(row)
    if reason:
        raise ValueError(reason)
    return row
