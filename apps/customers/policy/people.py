"""Reading a request that upserts customers: one object, or a list of up to 1,000."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from apps.customers.policy.batches import RefusedEvent as Refused
from apps.customers.policy.profile import CustomerIn, why_row_refused

MOST_CUSTOMERS = 1000


class _Many(msgspec.Struct, forbid_unknown_fields=True):
    customers: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MOST_CUSTOMERS)]


_many = msgspec.json.Decoder(_Many)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_one = msgspec.json.Decoder(CustomerIn)


class BadPeople(ValueError):
    """The request as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class People:
    """``rows``: place in what was sent, and the customer."""

    rows: list[tuple[int, CustomerIn]]
    refused: list[Refused]


def read_people(body: bytes) -> People:
    """Raises BadPeople."""
    people = People([], [])
    for index, piece in enumerate(_pieces(body)):
        try:
            row = _one.decode(piece)
            reason = why_row_refused(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            people.refused.append(Refused(index, str(error)))
            continue
        if reason:
            people.refused.append(Refused(index, reason))
        else:
            people.rows.append((index, row))
    return people


def _pieces(body: bytes) -> list[msgspec.Raw]:
    try:
        if "customers" in _object.decode(body):
            return _many.decode(body).customers
    except msgspec.ValidationError as error:
        if "length <=" in str(error):
            raise BadPeople(f"At most {MOST_CUSTOMERS} customers are taken in one request") from None
        raise BadPeople(f'The body must be a customer, or {{"customers": [ … ]}}: {error}') from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadPeople(f"The body is not JSON: {error}") from None
    return [msgspec.Raw(body)]
