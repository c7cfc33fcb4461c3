from datetime import UTC, datetime, timedelta

import pytest

from apps.access.policy import (
    SCOPES,
    allows,
    digest_of,
    make_token,
    matches,
    prefix_of,
    unknown_scopes,
    why_unusable,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_a_token_is_found_by_its_prefix_and_known_by_its_digest() -> None:
    fresh = make_token()
    assert prefix_of(fresh.token) == fresh.prefix
    assert matches(fresh.token, fresh.digest)
    assert not matches(fresh.token[:-1] + ("A" if fresh.token[-1] != "A" else "B"), fresh.digest)
    assert fresh.token not in (fresh.digest, digest_of(fresh.digest))
    assert len({make_token().token for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "token",
    [
        "",
        "apex_",
        "apex_0000000g_" + "a" * 43,
        "apex_00000000_" + "a" * 42,
        "apex_00000000_" + "a" * 43 + "\n",
    ],
)
def test_what_is_no_token_has_no_prefix(token: str) -> None:
    assert prefix_of(token) is None


def test_a_key_ends_at_its_moment_and_when_it_is_revoked() -> None:
    assert why_unusable(None, None, NOW) is None
    assert why_unusable(None, NOW + timedelta(seconds=1), NOW) is None
    assert "expired" in str(why_unusable(None, NOW, NOW))
    assert "revoked" in str(why_unusable(NOW, None, NOW))


def test_writing_includes_reading_of_the_same_area_only() -> None:
    assert allows(["events:write"], "events:write")
    assert allows(["customers:write"], "customers:read")
    assert not allows(["customers:read"], "customers:write")
    assert not allows(["customers:write"], "events:read")
    assert not allows([], "events:read")


def test_scopes_that_do_not_exist_are_named() -> None:
    assert unknown_scopes(["events:write", "moon:read"]) == ["moon:read"]
    assert "events:write" in SCOPES
