"""The operator's settings for growth, as the frozen rules that policy works with."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from apps.growth.policy.interventions import DEFAULT_RULES, Rules


def growth_rules() -> Rules:
    """GROWTH_DISCOUNT_PERCENT, GROWTH_DISCOUNT_MONTHS, GROWTH_HOLDOUT_PERCENT, GROWTH_ASK_OVER_MONTHLY,
    GROWTH_HOLDOUT_SALT and GROWTH_MAIL_EVERY_DAYS, each with its default."""
    default = DEFAULT_RULES
    return Rules(
        percent=getattr(settings, "GROWTH_DISCOUNT_PERCENT", default.percent),
        months=getattr(settings, "GROWTH_DISCOUNT_MONTHS", default.months),
        holdout_percent=getattr(settings, "GROWTH_HOLDOUT_PERCENT", default.holdout_percent),
        ask_over=getattr(settings, "GROWTH_ASK_OVER_MONTHLY", default.ask_over),
        salt=getattr(settings, "GROWTH_HOLDOUT_SALT", default.salt),
        mail_again_after=timedelta(
            days=getattr(settings, "GROWTH_MAIL_EVERY_DAYS", default.mail_again_after.days)
        ),
    )


def call_url() -> str:
    """Where a call with the founder is booked, '' for the template's own address."""
    return str(getattr(settings, "GROWTH_CALL_URL", "") or "")
