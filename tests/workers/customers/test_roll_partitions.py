from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import override_settings

from apps.customers.actions.partitions import partitions
from apps.customers.models import Customer, Event, EventKey, HeldEvent, UsageDaily
from apps.runs.models import Run
from tests.apps.customers.helpers import event, make_customer, sums, take
from workers.customers.roll_partitions import RollPartitions
from workers.kernel.testing import run_once

pytestmark = pytest.mark.django_db
FAR = datetime(2030, 5, 15, 6, 0, tzinfo=UTC)


def counts(now: datetime) -> dict[str, int]:
    run: Run = run_once(RollPartitions, now=now)
    return run.counts


def rows_in(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def test_months_are_made_two_ahead_and_back_to_the_oldest_event_taken() -> None:
    assert counts(FAR)["made"] == 6  # February (90 days late) to July
    assert {"customers_event_y2030m02", "customers_event_y2030m07"} <= set(partitions())
    assert counts(FAR)["made"] == 0
    assert counts(FAR + timedelta(days=31))["made"] == 1


def test_events_that_waited_in_the_default_partition_move_into_their_month() -> None:
    make_customer()
    take([event(id="1", at=FAR), event(id="2", at=FAR)], now=FAR)
    assert rows_in("customers_event_default") == 2
    counts(FAR)
    assert (rows_in("customers_event_default"), rows_in("customers_event_y2030m05")) == (0, 2)
    assert take([event(id="1", at=FAR)], now=FAR).duplicates == 1


def test_months_past_retention_are_dropped_and_their_sums_stay() -> None:
    make_customer()
    take([event(id="1", at=FAR)], now=FAR)
    counts(FAR)
    kept = FAR.replace(year=2031, month=6, day=30)  # the month of the events is the thirteenth before
    counts(kept)
    assert Event.objects.count() == 1
    assert counts(kept + timedelta(days=1))["dropped"] == 1
    assert Event.objects.count() == 0
    assert "customers_event_y2030m05" not in partitions()
    assert UsageDaily.objects.count() == 1


@override_settings(APEX_EVENTS_RAW_MONTHS=1)
def test_retention_is_the_operators() -> None:
    counts(FAR)
    assert counts(FAR + timedelta(days=62))["dropped"] >= 1


def test_keys_are_forgotten_only_when_their_event_would_be_refused() -> None:
    make_customer()
    take([event(id="1", at=FAR)], now=FAR)
    counts(FAR + timedelta(days=92))
    assert EventKey.objects.count() == 1
    again = take([event(id="1", at=FAR)], now=FAR + timedelta(days=92))
    assert [refused.index for refused in again.refused] == [0]
    assert counts(FAR + timedelta(days=93))["keys_forgotten"] == 1
    assert sums() == {("acme", "2030-05-15", "login"): (1, 1)}


def test_held_events_are_counted_if_their_customer_came_by_another_way_and_forgotten_at_last() -> None:
    take([event("late", id="1", at=FAR), event("never", id="1", at=FAR)], now=FAR)
    Customer.objects.create(external_id="late", signed_up_at=FAR)
    assert counts(FAR)["held_counted"] == 1
    assert sums() == {("late", "2030-05-15", "login"): (1, 1)}
    assert counts(FAR + timedelta(days=93))["held_forgotten"] == 1
    assert not HeldEvent.objects.exists()
