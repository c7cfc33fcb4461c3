from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.customers.actions.upsert import upsert_customers
from apps.customers.models import Event, EventKey, HeldEvent
from apps.customers.policy.profile import CustomerIn
from tests.apps.customers.helpers import NOW, event, make_customer, sums, take

pytestmark = pytest.mark.django_db


def test_events_are_stored_and_summed_by_day_and_kind() -> None:
    make_customer()
    yesterday = NOW - timedelta(days=1)
    taken = take(
        [
            event(kind="api_call", quantity=3, id="1", at=NOW),
            event(kind="api_call", quantity=4, id="2", at=NOW),
            event(kind="api_call", quantity=5, id="3", at=yesterday),
            event(kind="login", id="4", at=NOW),
        ]
    )
    assert (taken.accepted, taken.duplicates, taken.held, list(taken.refused)) == (4, 0, 0, [])
    assert sums() == {
        ("acme", "2026-11-21", "api_call"): (7, 2),
        ("acme", "2026-11-20", "api_call"): (5, 1),
        ("acme", "2026-11-21", "login"): (1, 1),
    }
    assert Event.objects.count() == 4


def test_a_day_is_a_day_in_utc() -> None:
    make_customer()
    take([{"customer": "acme", "kind": "login", "id": "1", "occurred_at": "2026-11-21T00:30:00+01:00"}])
    assert list(sums()) == [("acme", "2026-11-20", "login")]


def test_a_resent_batch_counts_once() -> None:
    make_customer()
    batch = [event(id=str(number), at=NOW) for number in range(5)]
    take(batch)
    again = take(batch)
    assert (again.accepted, again.duplicates) == (0, 5)
    assert sums() == {("acme", "2026-11-21", "login"): (5, 5)}


def test_a_resent_batch_counts_once_when_the_clock_passed_into_another_month() -> None:
    make_customer()
    batch = [event(), event(kind="doc_view")]
    take(batch, key="batch-1", now=NOW)
    again = take(batch, key="batch-1", now=NOW + timedelta(days=20))
    assert (again.accepted, again.duplicates) == (0, 2)
    assert Event.objects.count() == 2


def test_an_event_sent_again_with_another_time_counts_once() -> None:
    make_customer()
    take([event(id="1", at=NOW)])
    take([event(id="1", at=NOW - timedelta(days=40))])
    assert sums() == {("acme", "2026-11-21", "login"): (1, 1)}


def test_the_same_id_of_two_customers_is_two_events() -> None:
    make_customer("a")
    make_customer("b")
    assert take([event("a", id="1"), event("b", id="1")]).accepted == 2


def test_late_events_land_on_their_day() -> None:
    make_customer()
    take([event(id="1", at=NOW)])
    take([event(id="2", at=NOW - timedelta(days=89))])
    assert ("acme", "2026-08-24", "login") in sums()


def test_events_of_unknown_customers_wait_and_count_when_the_customer_arrives() -> None:
    taken = take([event("later", id="1", quantity=2, at=NOW), event("never", id="1", at=NOW)])
    assert (taken.accepted, taken.held) == (0, 2)
    assert sums() == {}
    done = upsert_customers([CustomerIn("later")], NOW)
    assert done.released_events == 1
    assert sums() == {("later", "2026-11-21", "login"): (2, 1)}
    assert list(HeldEvent.objects.values_list("external_id", flat=True)) == ["never"]


def test_a_held_event_sent_again_before_and_after_the_arrival_counts_once() -> None:
    batch = [event("later", id="1", at=NOW)]
    take(batch)
    assert take(batch).duplicates == 1
    upsert_customers([CustomerIn("later")], NOW)
    assert take(batch).duplicates == 1
    assert sums() == {("later", "2026-11-21", "login"): (1, 1)}


def test_known_and_unknown_customers_in_one_batch() -> None:
    make_customer()
    taken = take([event(id="1"), event("later", id="1"), event(kind="x", id="2")])
    assert (taken.accepted, taken.held, [refused.index for refused in taken.refused]) == (1, 1, [2])


def test_outside_of_all_months_an_event_goes_to_the_default_partition() -> None:
    make_customer()
    far = NOW.replace(year=2031)
    assert take([event(id="1", at=far)], now=far).accepted == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_event_default")
        assert cursor.fetchone() == (1,)


def test_text_that_looks_like_sql_or_an_array_is_only_text() -> None:
    name = """a"b\\c{},'%(x)s NULL"""
    make_customer(name)
    taken = take([event(name, id="1", feature='{"}\\'), event(name, id="2", feature="%s")])
    assert taken.accepted == 2
    assert set(Event.objects.values_list("feature", flat=True)) == {'{"}\\', "%s"}


@pytest.mark.parametrize("size", [1, 1000])
def test_a_batch_takes_one_statement_whatever_its_size(size: int) -> None:
    make_customer()
    with CaptureQueriesContext(connection) as queries:
        take([event(id=str(number)) for number in range(size)])
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 1


def test_an_event_stored_before_its_key_was_forgotten_is_a_duplicate_and_the_others_are_taken() -> None:
    make_customer()
    old = event(id="1", at=NOW - timedelta(days=80))
    take([old])
    EventKey.objects.all().delete()
    taken = take([old, event(id="2", at=NOW), event("later", id="3", at=NOW)])
    assert (taken.accepted, taken.duplicates, taken.held) == (1, 1, 1)
    assert sums() == {("acme", "2026-09-02", "login"): (1, 1), ("acme", "2026-11-21", "login"): (1, 1)}
