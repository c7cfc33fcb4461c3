"""Health in words: why points were lost, what is missing, which tip answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MISSING = {
    "no_usage_data": "no usage was ever reported",
    "nothing_to_compare": "less than a week of usage to compare with",
    "no_activity_data": "nobody was ever seen using it",
    "too_new": "seen for less than a week",
    "no_payment_data": "nothing is known about payments",
    "no_support_data": "support requests are not connected",
}

_SENTENCES = {
    "usage_stopped": "usage stopped",
    "usage_fell": "usage fell from {before:,} to {now:,} in 30 days",
    "api_errors": "{errors:,} of {all_calls:,} API calls failed",
    "few_active_days": "active on {days} of {of} days",
    "few_logins": "{logins} log-in{s}",
    "little_feature_use": "features used {uses:,} time{s}",
    "not_integrated": "never integrated",
    "payment_open": "a payment failed and is being recovered",
    "past_due": "a payment is past due",
    "ending": "the subscription is set to end",
    "earlier_failures": "{times} other failed payment{s} in 90 days",
}

# Each completes "customers who get the most out of it have one thing in common: …".
_TIPS = {
    "usage_stopped": "they send a little real traffic every day, and notice the day it stops",
    "usage_fell": "they look once a month at what they use less than before, and ask why",
    "api_errors": "they read the error log in the first week and fix the one call behind most of the errors",
    "few_active_days": "they look at their dashboard twice a week, on fixed days",
    "few_logins": "a second person on their team logs in too",
    "little_feature_use": "they try one new feature a week, for ten minutes",
    "not_integrated": "they connect their production key in the first week",
}


def sentence(reason: Mapping[str, Any]) -> str:
    """One stored reason as a sentence, with the points it cost. An unknown code is shown as it is."""
    code = str(reason.get("code", ""))
    pattern = _SENTENCES.get(code)
    if pattern is None:
        return f"{code.replace('_', ' ')} (lost {reason.get('lost', 0)})"
    number = next((reason[name] for name in ("uses", "logins", "times") if name in reason), 0)
    values = {
        **reason,
        "s": "" if number == 1 else "s",
        "all_calls": reason.get("calls", 0) + reason.get("errors", 0),
    }
    return f"{pattern.format_map(values)} (lost {reason.get('lost', 0):.1f})"


def sentences(reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    """The heaviest first."""
    return [sentence(reason) for reason in heaviest_first(reasons)]


def heaviest_first(reasons: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(reasons, key=lambda reason: -float(reason.get("lost", 0)))


def left_out(components: Mapping[str, Any]) -> list[str]:
    """Which components have no data, and why."""
    return [
        f"{name}: {_MISSING.get(part['missing'], part['missing'])}"
        for name, part in components.items()
        if "missing" in part
    ]


def tip(factors: Sequence[str]) -> str:
    """The tip for the heaviest factor that has one; '' where none has."""
    return next((_TIPS[factor] for factor in factors if factor in _TIPS), "")
