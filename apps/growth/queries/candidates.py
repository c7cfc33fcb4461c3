"""Customers with a low score, with everything a rule needs to decide what is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from apps.core.types import Window
from apps.growth.conf import growth_rules
from apps.growth.policy.health import AT_RISK_UNDER, STEADY_OVER, Level
from apps.growth.policy.interventions import DISCOUNT, MAIL, AtRisk, Rules, drawn
from apps.growth.policy.wording import heaviest_first

_KIND = {Level.AT_RISK: DISCOUNT, Level.WEAK: MAIL}

# The lot is drawn in SQL too, so that a page of the hold-out is a full page. The same bits as ``drawn``.
_DRAWN = """
AND ('x' || encode(substr(sha256(convert_to(%(salt)s || ':' || CASE h.level WHEN 'at_risk' THEN 'discount'
     ELSE 'engagement_mail' END || ':' || h.customer_id, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint %% 100 < %(percent)s
"""

_CANDIDATES = """
SELECT h.customer_id, h.level, h.score, h.calculated_at, h.components, h.reasons,
       c.email, c.name, c.locale, c.marketing_consent, c.status, c.signed_up_at, c.currency,
       s.stripe_id, s.monthly_minor, s.currency, s.cancel_at_period_end,
       EXISTS (SELECT FROM payments_recovery_case p WHERE p.customer_id = c.id AND p.state = 'open'),
       i.open_kind, i.discounted_at, i.mailed_at, i.refused_at, i.discounts, i.mails
  FROM customer_health_scores h
  JOIN customers_customer c ON c.id = h.customer_id AND c.status IN ('trialing', 'active', 'past_due')
  LEFT JOIN LATERAL (
       SELECT stripe_id, monthly_minor, currency, cancel_at_period_end FROM billing_subscription
        WHERE customer_id = c.id AND status = 'active' AND NOT paused ORDER BY monthly_minor DESC, id LIMIT 1) s ON true
  LEFT JOIN LATERAL (
       SELECT max(kind) FILTER (WHERE state = 'open') AS open_kind,
              max(opened_at) FILTER (WHERE kind = 'discount' AND outcome <> 'not_given') AS discounted_at,
              max(opened_at) FILTER (WHERE kind = 'engagement_mail' AND outcome <> 'not_given') AS mailed_at,
              max(opened_at) FILTER (WHERE outcome = 'not_given') AS refused_at,
              count(*) FILTER (WHERE kind = 'discount') AS discounts,
              count(*) FILTER (WHERE kind = 'engagement_mail') AS mails
         FROM growth_intervention WHERE customer_id = c.id) i ON true
 WHERE h.day = (SELECT max(day) FROM customer_health_scores) AND h.level = ANY(%(levels)s)
   AND h.score <= %(highest)s -- for the index
   AND h.customer_id > %(after)s
   AND h.customer_id <= coalesce(%(until)s, 9223372036854775807) {more}
 ORDER BY h.customer_id LIMIT %(limit)s
"""


def at_risk(window: Window) -> Sequence[AtRisk]:
    """Customers whose newest score is under 40."""
    return _candidates(window, [Level.AT_RISK])


def weak(window: Window) -> Sequence[AtRisk]:
    """Customers whose newest score is 40 to 60."""
    return _candidates(window, [Level.WEAK])


def left_alone(window: Window) -> Sequence[AtRisk]:
    """Customers of both whom the lot leaves out."""
    return _candidates(window, [Level.AT_RISK, Level.WEAK], _DRAWN)


def _candidates(window: Window, levels: Sequence[Level], more: str = "") -> Sequence[AtRisk]:
    rules = growth_rules()
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES.replace("{more}", more),
            {
                "levels": [level.value for level in levels],
                "highest": STEADY_OVER if Level.WEAK in levels else AT_RISK_UNDER,
                "after": window.after,
                "until": window.until,
                "limit": window.limit,
                "salt": rules.salt,
                "percent": rules.holdout_percent,
            },
        )
        return [_facts(row, rules) for row in cursor.fetchall()]


def _facts(row: Sequence[Any], rules: Rules) -> AtRisk:
    (customer, level, score, calculated_at, components, reasons) = row[:6]
    (email, name, locale, consent, status, signed_up_at, currency) = row[6:13]
    (subscription, monthly, paid_in, ending, payment_open) = row[13:18]
    (open_kind, discounted_at, mailed_at, refused_at, discounts, mails) = row[18:]
    kind = _KIND[Level(level)]
    return AtRisk(
        subject_id=customer,
        kind=kind,
        score=float(score),
        calculated_at=calculated_at,
        known=tuple(sorted(part for part, found in json.loads(components).items() if "score" in found)),
        factors=tuple(str(reason["code"]) for reason in heaviest_first(json.loads(reasons))),
        email=email,
        name=name,
        locale=locale,
        consent=consent,
        status=status,
        signed_up_at=signed_up_at,
        subscription=subscription or "",
        monthly_minor=monthly or 0,
        currency=paid_in or currency,
        ending=bool(ending),
        payment_open=payment_open,
        open_intervention=open_kind or "",
        discounted_at=discounted_at,
        mailed_at=mailed_at,
        refused_at=refused_at,
        discounts=discounts,
        mails=mails,
        drawn=drawn(customer, kind, rules),
    )
