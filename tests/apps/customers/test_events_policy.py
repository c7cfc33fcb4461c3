from datetime import UTC, datetime, timedelta, timezone

import pytest

from apps.customers.policy import DEFAULT_RULES, IngestRules, event_key, why_refused
from apps.customers.policy.batches import BadBatch, read_batch
from apps.customers.policy.months import add_months, first_of_month, months_before, partition_name

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(minutes=5), -timedelta(days=90)])
def test_events_within_the_limits_are_taken(offset: timedelta) -> None:
    assert why_refused(NOW + offset, NOW) is None


def test_an_event_over_five_minutes_ahead_is_refused_with_the_seconds() -> None:
    reason = why_refused(NOW + timedelta(minutes=5, seconds=1), NOW)
    assert reason is not None
    assert "301 s in the future" in reason


def test_an_event_over_ninety_days_late_is_refused_with_the_limit() -> None:
    reason = why_refused(NOW - timedelta(days=90, microseconds=1), NOW)
    assert reason is not None
    assert "90 days late" in reason


def test_the_limits_are_the_operators() -> None:
    rules = IngestRules(late=timedelta(days=1))
    assert why_refused(NOW - timedelta(days=2), NOW, rules) is not None


def test_keys_outlive_the_age_at_which_their_event_is_refused() -> None:
    assert DEFAULT_RULES.keys_kept > DEFAULT_RULES.late + DEFAULT_RULES.ahead + timedelta(days=1)


def test_a_key_depends_on_customer_and_id_and_nothing_slips_between_them() -> None:
    assert event_key("a", "bc") == event_key("a", "bc")
    assert event_key("a", "bc") != event_key("ab", "c")
    assert event_key("a", "1") != event_key("b", "1")


def test_a_good_batch_becomes_columns() -> None:
    body = b"""{"events": [{"customer": "a", "kind": "api_call", "quantity": 7, "id": "1", "feature": "x",
                            "occurred_at": "2026-11-21T13:00:00.123456+02:00"}]}"""
    rows = read_batch(body, "", NOW).rows
    assert (rows.customers, rows.kinds, rows.quantities, rows.features) == (["a"], ["api_call"], [7], ["x"])
    moment = datetime(2026, 11, 21, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert datetime.fromtimestamp(rows.at[0], UTC) == moment


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ('{"customer": "a", "kind": "dance", "id": "1"}', "'dance'"),
        ('{"kind": "login", "id": "1"}', "customer"),
        ('{"customer": "", "kind": "login", "id": "1"}', "length >= 1"),
        ('{"customer": "a", "kind": "login", "id": "1", "quantity": 0}', ">= 1"),
        ('{"customer": "a", "kind": "login", "id": "1", "quantity": 1.5}', "int"),
        ('{"customer": "a", "kind": "login", "id": "1", "quantity": 1000000000001}', "<= 1000000000000"),
        ('{"customer": "a", "kind": "login", "id": "1", "occurred_at": "2026-11-21T12:00:00"}', "timezone"),
        ('{"customer": "a", "kind": "login", "id": "1", "occurred_at": "yesterday"}', "datetime"),
        ('{"customer": "a", "kind": "login", "id": "1", "colour": "red"}', "colour"),
        ('{"customer": "a", "kind": "login"}', "Idempotency-Key"),
        ('{"customer": "a\\u0000", "kind": "login", "id": "1"}', "U+0000"),
        ('"login"', "object"),
        ("null", "object"),
    ],
)
def test_a_bad_event_is_named_and_the_others_are_taken(event: str, reason: str) -> None:
    good = '{"customer": "a", "kind": "login", "id": "good"}'
    batch = read_batch(f'{{"events": [{good}, {event}, {good.replace("good", "too")}]}}'.encode(), "", NOW)
    assert len(batch.rows) == 2
    assert [refused.index for refused in batch.refused] == [1]
    assert reason in batch.refused[0].reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"events": 1}',
        b'{"event": []}',
        b"\xff\xfe",
        b'{"events": [' + b"1," * 1000 + b"1]}",
    ],
)
def test_a_body_that_is_no_batch_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(BadBatch):
        read_batch(body, "", NOW)


def test_an_empty_batch_is_fine() -> None:
    assert len(read_batch(b'{"events": []}', "", NOW).rows) == 0


def test_a_key_repeated_in_one_batch_counts_once_and_the_first_wins() -> None:
    body = b"""{"events": [{"customer": "a", "kind": "login", "id": "1", "quantity": 2},
                           {"customer": "a", "kind": "login", "id": "1", "quantity": 9}]}"""
    batch = read_batch(body, "", NOW)
    assert batch.rows.quantities == [2]
    assert batch.repeated == 1


def test_events_without_id_are_known_by_the_batchs_key_and_their_place() -> None:
    body = b'{"events": [{"customer": "a", "kind": "login"}, {"customer": "a", "kind": "login"}]}'
    first, again, other = (read_batch(body, key, NOW).rows.keys for key in ("k", "k", "l"))
    assert first == again
    assert len({*first, *other}) == 4


def test_months() -> None:
    assert first_of_month(datetime(2026, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1)))) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
    assert add_months(NOW, 2) == datetime(2027, 1, 1, tzinfo=UTC)
    assert add_months(NOW, -11) == datetime(2025, 12, 1, tzinfo=UTC)
    assert months_before(datetime(2026, 3, 31, 8, tzinfo=UTC), 1) == datetime(2026, 2, 28, 8, tzinfo=UTC)
    assert months_before(NOW, 0) == NOW
    assert partition_name(NOW) == "customers_event_y2026m11"
