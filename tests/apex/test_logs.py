"""Secrets never reach a log line."""

import json
import logging
import logging.config

import pytest
import structlog

from apex.logs import REMOVED, clean, configure_logging, logging_config, remove_secrets

KEY = "sk_" + "live_51Habcdefghijklmnop"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Invalid API Key provided: {KEY}", f"Invalid API Key provided: {REMOVED}"),
        ("whsec_" + "abc123def456", REMOVED),
        ("postgres://apex:hunter2@db:5432/apex", f"postgres://apex:{REMOVED}@db:5432/apex"),
        ("redis://:hunter2@valkey:6379/0", f"redis://:{REMOVED}@valkey:6379/0"),
        ("Authorization: Bearer abcdefgh12345678", f"Authorization: Bearer {REMOVED}"),
        ("card 4242 4242 4242 4242 declined", f"card {REMOVED} declined"),
        ("invoice 1234 of 2026-03-02 is open", "invoice 1234 of 2026-03-02 is open"),
        ("2026-03-02T12:00:00.000000Z", "2026-03-02T12:00:00.000000Z"),
    ],
)
def test_secrets_are_cut_out_of_sentences(text: str, kept: str) -> None:
    assert clean(text) == kept


@pytest.mark.parametrize(
    "name", ["password", "api_key", "STRIPE_API_KEY", "Authorization", "session_cookie", "token"]
)
def test_a_field_with_a_secrets_name_is_emptied(name: str) -> None:
    assert remove_secrets(None, "info", {"event": "x", name: "value"})[name] == REMOVED


def test_containers_are_cleaned_at_every_depth() -> None:
    event = {"event": "x", "request": {"headers": [{"password": "p"}, ("a", f"key {KEY}")]}}
    assert remove_secrets(None, "info", event)["request"] == {
        "headers": [{"password": REMOVED}, ["a", f"key {REMOVED}"]]
    }


def test_numbers_and_nothing_stay_what_they_are() -> None:
    assert clean({"count": 3, "share": 0.5, "ok": True, "none": None}) == {
        "count": 3, "share": 0.5, "ok": True, "none": None,
    }  # fmt: skip


def test_a_traceback_in_a_real_line_carries_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    logging.config.dictConfig(logging_config("INFO"))
    try:
        raise ValueError(f"cannot use {KEY}")
    except ValueError:
        structlog.get_logger("apex.test").exception("vendor failed", api_key=KEY, customer=7)
    finally:
        root.handlers[:] = before
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["customer"], line["api_key"]) == ("vendor failed", 7, REMOVED)
    assert "ValueError" in line["exception"]
    assert KEY not in json.dumps(line)
