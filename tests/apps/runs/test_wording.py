"""Numbers, moments and schedules in the operator's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.runs import wording
from apps.runs.cron_words import cron_words, next_slot

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (None, ""),
        (1.0, "1.00, almost certain"),
        (0.95, "0.95, almost certain"),
        (0.81, "0.81, probably right"),
        (0.8, "0.80, more likely than not"),
        (0.5, "0.50, a guess"),
        (0.0, "0.00, a guess"),
    ],
)
def test_confidence(confidence: float | None, words: str) -> None:
    assert wording.confidence_words(confidence) == words


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        (None, ""),
        (0.0, "0.00, very low"),
        (0.1, "0.10, low"),
        (0.19, "0.19, low"),
        (0.2, "0.20, noticeable"),
        (0.5, "0.50, high"),
    ],
)
def test_risk(risk: float | None, words: str) -> None:
    assert wording.risk_words(risk) == words


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(seconds=-30), "in a moment"),
        (timedelta(minutes=-3), "in 3 min"),
    ],
)
def test_ago(gap: timedelta, words: str) -> None:
    assert wording.ago(NOW - gap, NOW) == words


def test_never() -> None:
    assert wording.ago(None, NOW) == "never"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        ("", "-"),
        (True, "yes"),
        (9999, "9999"),
        (10_000, "10,000"),
        (0.0, "0"),
        (2340.5, "2,340.5"),
        (["a", 1], "a, 1"),
        ({"per_hour": 20}, "per hour: 20"),
        ("2026-11-02T10:22:11.123+00:00", "2026-11-02 10:22:11 UTC"),
        ("2026-11-02T10:22 is no moment", "2026-11-02T10:22 is no moment"),
    ],
)
def test_values(value: object, words: str) -> None:
    assert wording.value_words(value) == words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5 * * * *", "hourly at :05"),
        ("0 9 * * *", "daily at 09:00 UTC"),
        ("0 6 * * 1", "Monday at 06:00 UTC"),
        ("0 6 * * 0", "Sunday at 06:00 UTC"),
        ("0 6 1 * *", "on day 1 of the month at 06:00 UTC"),
        ("0 6 1 */3 *", "0 6 1 */3 *"),
        ("0 8-18 * * *", "0 8-18 * * *"),
        ("", "only when woken"),
    ],
)
def test_schedules(cron: str, words: str) -> None:
    assert cron_words(cron) == words


def test_the_next_tick() -> None:
    assert next_slot("0 9 * * *", NOW) == NOW + timedelta(days=1)
    assert next_slot("no schedule", NOW) is None
    assert next_slot("", NOW) is None


@pytest.mark.parametrize(
    ("stored", "row"),
    [
        ({"amount_minor": 9900, "currency": "usd"}, ("Amount", "99.00 USD")),
        ({"amount_minor": 9900, "currency": "jpy"}, ("Amount", "9,900 JPY")),
        ({"amount_minor": 9900}, ("Amount minor", "9900")),
        ({"amount_minor": 9900, "currency": "many"}, ("Amount minor", "9900")),
        ({"mean_ms": 2633.44}, ("Mean", "2,633 ms")),
        ({"mean_ms": 0.5}, ("Mean", "0.50 ms")),
        ({"table_size_bytes": 60_727_296}, ("Table size", "60.7 MB")),
        ({"table_size_bytes": 999}, ("Table size", "999 B")),
        ({"timeout_seconds": 600}, ("Timeout", "10 min")),
        ({"timeout_seconds": 0}, ("Timeout", "0 s")),
        ({"query_id": 3_458_909_795}, ("Query id", "3458909795")),
        ({"factors": ["usage_fell", "few_logins"]}, ("Factors", "usage fell, few logins")),
        ({"columns": ["customer_id"]}, ("Columns", "customer_id")),
        ({"invoice": "in_1QAb"}, ("Invoice", "in_1QAb")),
        ({"limits": {"per_hour": 20, "cooldown_seconds": None}}, ("Limits", "per hour: 20")),
        ({"limits": {"per_hour": None}}, ("Limits", "-")),
        ({"consent": False}, ("Consent", "no")),
    ],
)
def test_units_move_from_the_name_into_the_value(stored: dict[str, object], row: tuple[str, str]) -> None:
    assert wording.rows(stored)[0] == row


def test_a_step_is_called_after_whom_it_is_about() -> None:
    assert wording.subject_words({"name": "Nils Kask", "email": "nils@x.example"}, 36) == "Nils Kask"
    assert wording.subject_words({"name": "", "email": "nils@x.example"}, 36) == "nils@x.example"
    assert wording.subject_words({}, 36) == "number 36"
