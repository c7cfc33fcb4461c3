"""The four components of the health score, each 0 to 100, with the points lost and why.

Numbers are ours, chosen to be read at a glance: no outside source fixes them. All windows are of whole UTC days:
"now" is the 30 days before the score's day, "before" the 30 days before those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VOLUME_KINDS = ("impression", "api_call")  # what the product is used for
PEOPLE_KINDS = ("login", "dashboard_view", "feature_use", "config_change", "doc_view")  # somebody was there
INTEGRATION_KINDS = ("impression", "api_call", "first_impression", "first_api_request")

WINDOW_DAYS = 30
COMPARE_DAYS = 7  # fewer days seen than this say nothing yet
NOTHING_LEFT = 0.75  # usage down by this share loses everything; down by half loses two thirds
ERRORS_FROM, ERRORS_SPAN, ERRORS_LOSE = 0.01, 0.09, 20.0  # of API calls: from 1 % on, all 20 points at 10 %
ACTIVE_DAYS, ACTIVE_DAYS_LOSE = 12.0, 40.0  # of 30; about three a week is full marks
LOGINS, LOGINS_LOSE = 8.0, 25.0
FEATURE_USES, FEATURE_USES_LOSE = 10.0, 20.0
NOT_INTEGRATED_LOSES = 15.0
OPEN_CASE_LOSES, PAST_DUE_LOSES, ENDING_LOSES = 60.0, 40.0, 50.0
EARLIER_CASE_LOSES, EARLIER_CASES_LOSE_MOST = 15.0, 30.0
EARLIER_CASE_DAYS = 90


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """One customer on one day. ``days_now`` and ``days_before``: how many days of each window the customer was
    there and heard of. ``used``: quantities of VOLUME_KINDS. ``ever`` means within a year."""

    used_ever: bool = False
    people_ever: bool = False
    integrated: bool = False
    days_now: int = 0
    days_before: int = 0
    used_now: int = 0
    used_before: int = 0
    api_calls: int = 0
    api_errors: int = 0
    active_days: int = 0
    logins: int = 0
    feature_uses: int = 0
    billed: bool = False
    open_case: bool = False
    past_due: bool = False
    ending: bool = False
    earlier_cases: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """Points lost, of the component's 100 inside a component, of the whole score in a Health."""

    code: str
    component: str
    points: float
    facts: Mapping[str, float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Component:
    """``score`` None: left out, ``missing`` says why."""

    score: float | None
    missing: str = ""
    lost: tuple[Lost, ...] = ()


def share(value: float) -> float:
    """Into 0 to 1."""
    return min(1.0, max(0.0, value))


def usage(facts: HealthFacts) -> Component:
    if not facts.used_ever:
        return Component(None, "no_usage_data")
    if facts.days_before < COMPARE_DAYS:
        return Component(None, "nothing_to_compare")
    trend = _trend_lost(facts)
    calls = float(facts.api_calls) + float(facts.api_errors)
    failed = float(facts.api_errors) / calls if calls > 0.0 else 0.0
    errors = min(100.0 - trend, ERRORS_LOSE * share((failed - ERRORS_FROM) / ERRORS_SPAN))
    stopped = facts.used_now == 0
    code = "usage_stopped" if stopped else "usage_fell"
    before_now = {"before": facts.used_before, "now": facts.used_now}
    return Component(
        100.0 - trend - errors,
        lost=(
            Lost(code, "usage", trend, before_now),
            Lost("api_errors", "usage", errors, {"errors": facts.api_errors, "calls": facts.api_calls}),
        ),
    )


def _trend_lost(facts: HealthFacts) -> float:
    """Daily usage now against before. None in both windows means that it stopped long ago."""
    if facts.used_before == 0:
        return 100.0 if facts.used_now == 0 else 0.0
    ratio = (float(facts.used_now) * facts.days_before) / (float(facts.used_before) * facts.days_now)
    return 100.0 * share((1.0 - ratio) / NOTHING_LEFT)


def engagement(facts: HealthFacts) -> Component:
    """Targets are of 30 days, and in proportion for who is here for less."""
    if not facts.people_ever:
        return Component(None, "no_activity_data")
    if facts.days_now < COMPARE_DAYS:
        return Component(None, "too_new")
    part = facts.days_now / float(WINDOW_DAYS)
    days = ACTIVE_DAYS_LOSE * (1.0 - share(facts.active_days / (ACTIVE_DAYS * part)))
    logins = LOGINS_LOSE * (1.0 - share(facts.logins / (LOGINS * part)))
    features = FEATURE_USES_LOSE * (1.0 - share(facts.feature_uses / (FEATURE_USES * part)))
    integration = 0.0 if facts.integrated else NOT_INTEGRATED_LOSES
    return Component(
        max(0.0, 100.0 - days - logins - features - integration),
        lost=(
            Lost("few_active_days", "engagement", days, {"days": facts.active_days, "of": facts.days_now}),
            Lost("few_logins", "engagement", logins, {"logins": facts.logins}),
            Lost("little_feature_use", "engagement", features, {"uses": facts.feature_uses}),
            Lost("not_integrated", "engagement", integration),
        ),
    )


def payment(facts: HealthFacts) -> Component:
    if not facts.billed:
        return Component(None, "no_payment_data")
    trouble = OPEN_CASE_LOSES if facts.open_case else PAST_DUE_LOSES if facts.past_due else 0.0
    ending = min(100.0 - trouble, ENDING_LOSES) if facts.ending else 0.0
    earlier = min(100.0 - trouble - ending, EARLIER_CASES_LOSE_MOST, EARLIER_CASE_LOSES * facts.earlier_cases)
    return Component(
        100.0 - trouble - ending - earlier,
        lost=(
            Lost("payment_open" if facts.open_case else "past_due", "payment", trouble),
            Lost("ending", "payment", ending),
            Lost("earlier_failures", "payment", earlier, {"times": facts.earlier_cases}),
        ),
    )


def support() -> Component:
    """Tickets are not known to Apex yet; the component is left out and said so."""
    return Component(None, "no_support_data")
