"""The migrations' numbers are those of the rules and of the price list."""

import importlib

from apps.payments.policy.ladder import PATIENT, STANDARD, Final, Ladder


def test_the_seeded_ladders_are_those_of_the_rules() -> None:
    seeds = importlib.import_module("apps.payments.migrations.0002_ladders").LADDERS
    seeded = [Ladder(n, tuple(d), tuple(p), Final(f), day, grace) for n, d, p, f, day, grace in seeds]
    assert seeded == [STANDARD, PATIENT]


def test_the_seeded_plans_are_the_price_list() -> None:
    seeds = importlib.import_module("apps.billing.migrations.0002_plans").PLANS
    assert {code: (monthly, included) for code, _, monthly, included in seeds} == {
        "free": (0, None),
        "indie": (9900, 1_000_000),
        "studio": (49_900, 10_000_000),
        "enterprise": (None, None),
    }
