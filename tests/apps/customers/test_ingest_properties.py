"""However a set of events is cut into batches, repeated and shuffled: the sums are those of sending it
once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.customers.models import Customer, Event, EventKey, HeldEvent, UsageDaily
from apps.customers.policy import KINDS
from tests.apps.customers.helpers import NOW, event, make_customer, sums, take

KNOWN, UNKNOWN = ("ann", "bob"), "nobody"

one_event = st.fixed_dictionaries(
    {
        "customer": st.sampled_from([*KNOWN, UNKNOWN]),
        "kind": st.sampled_from(KINDS),
        "quantity": st.integers(1, 10**12),
        "hours": st.integers(0, 80 * 24),
    }
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Events with ids, and batches in which each of them occurs at least once, in any order."""
    drawn = draw(st.lists(one_event, min_size=1, max_size=12))
    events = [
        event(
            one["customer"],
            one["kind"],
            quantity=one["quantity"],
            id=str(number),
            at=NOW - timedelta(hours=one["hours"]),
        )
        for number, one in enumerate(drawn)
    ]
    sent = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=12))))
    cuts = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=4)))
    edges = [0, *cuts, len(sent)]
    return events, [list(sent[start:end]) for start, end in pairwise(edges)]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivered=deliveries())
def test_duplicates_order_and_batches_do_not_matter(
    delivered: tuple[list[dict[str, Any]], list[list[dict[str, Any]]]],
) -> None:
    for model in (UsageDaily, Event, EventKey, HeldEvent, Customer):
        model.objects.all().delete()
    for name in KNOWN:
        make_customer(name)
    events, batches = delivered
    taken = [take(batch) for batch in batches]

    quantities: Counter[tuple[str, str, str]] = Counter()
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in events:
        if one["customer"] != UNKNOWN:
            place = (one["customer"], one["occurred_at"][:10], one["kind"])
            quantities[place] += one["quantity"]
            counts[place] += 1
    assert sums() == {place: (quantities[place], counts[place]) for place in quantities}
    assert sum(one.accepted for one in taken) == sum(counts.values())
    assert sum(one.held for one in taken) == HeldEvent.objects.count() == len(events) - sum(counts.values())
    assert sum(one.accepted + one.held + one.duplicates for one in taken) == sum(map(len, batches))
