"""The health score as statements over everybody, made from the constants of the pure rule.

Stages are kept apart by OFFSET 0: without it the planner would inline them and compute every expression once per
mention. Doubles are combined in the same order as in ``apps.growth.policy``, so that the digits agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apps.growth.policy.components import INTEGRATION_KINDS, PEOPLE_KINDS, VOLUME_KINDS


def _kind_is(kinds: Iterable[str]) -> str:
    """Compared one by one, the frequent ones first: several times cheaper per row than = ANY(array)."""
    return "(" + " OR ".join(f"kind = '{kind}'" for kind in kinds) + ")"


def _with_kinds(sql: str) -> str:
    named = {"<volume>": VOLUME_KINDS, "<people>": PEOPLE_KINDS, "<integration>": INTEGRATION_KINDS}
    for name, kinds in named.items():
        sql = sql.replace(name, _kind_is(kinds))
    return sql


# One row per customer with usage in the 60 days before the score's day, in one pass and without a sort: days are
# counted as bits. A statement of its own, because only then PostgreSQL reads the table with several processes.
SEEN = _with_kinds("""
CREATE TEMPORARY TABLE growth_seen ON COMMIT DROP AS
SELECT customer_id, min(day) AS first_day,
       bit_or(CASE WHEN <volume> THEN 1 WHEN <people> THEN 2 WHEN <integration> THEN 4 ELSE 0 END) AS kinds,
       sum(quantity) FILTER (WHERE day >= %(recent)s AND <volume>) AS used_now,
       sum(quantity) FILTER (WHERE day < %(recent)s AND <volume>) AS used_before,
       sum(quantity) FILTER (WHERE day >= %(recent)s AND kind = 'api_call') AS api_calls,
       sum(quantity) FILTER (WHERE day >= %(recent)s AND kind = 'api_error') AS api_errors,
       bit_or(1::bigint << (%(day)s::date - day)) FILTER (WHERE day >= %(recent)s AND <people>) AS days,
       sum(events) FILTER (WHERE day >= %(recent)s AND kind = 'login') AS logins,
       sum(events) FILTER (WHERE day >= %(recent)s AND kind = 'feature_use') AS feature_uses
  FROM customers_usage_daily WHERE day >= %(begin)s AND day < %(day)s GROUP BY customer_id
""")

# One row per active customer: the fields of HealthFacts. What 60 days do not show is looked up in the year before.
_FACTS = _with_kinds("""
SELECT b.*, greatest(0, least(%(window)s, %(day)s::date - b.first_day)) AS days_now,
       greatest(0, least(%(window)s, %(recent)s::date - b.first_day)) AS days_before
  FROM (
    SELECT c.id AS customer_id,
           CASE WHEN s.first_day = %(begin)s THEN s.first_day ELSE
             (SELECT min(u.day) FROM customers_usage_daily u
               WHERE u.customer_id = c.id AND u.day >= %(year)s AND u.day < %(day)s) END AS first_day,
           coalesce(s.kinds, 0) & 1 <> 0 OR EXISTS (SELECT FROM customers_usage_daily u
             WHERE u.customer_id = c.id AND u.day >= %(year)s AND u.day < %(begin)s AND <volume>) AS used_ever,
           coalesce(s.kinds, 0) & 2 <> 0 OR EXISTS (SELECT FROM customers_usage_daily u
             WHERE u.customer_id = c.id AND u.day >= %(year)s AND u.day < %(begin)s AND <people>) AS people_ever,
           coalesce(s.kinds, 0) & 5 <> 0 OR EXISTS (SELECT FROM customers_usage_daily u
             WHERE u.customer_id = c.id AND u.day >= %(year)s AND u.day < %(begin)s AND <integration>) AS integrated,
           coalesce(s.used_now, 0) AS used_now, coalesce(s.used_before, 0) AS used_before,
           coalesce(s.api_calls, 0) AS api_calls, coalesce(s.api_errors, 0) AS api_errors,
           coalesce(bit_count(s.days::bit(64)), 0) AS active_days,
           coalesce(s.logins, 0) AS logins, coalesce(s.feature_uses, 0) AS feature_uses,
           c.status = 'past_due' AS past_due, coalesce(p.open_case, false) AS open_case,
           coalesce(p.earlier, 0) AS earlier_cases, coalesce(a.ending, false) AS ending,
           c.status = 'past_due' OR p.customer_id IS NOT NULL OR a.customer_id IS NOT NULL
             OR EXISTS (SELECT FROM billing_invoice i WHERE i.customer_id = c.id) AS billed
      FROM customers_customer c
      LEFT JOIN growth_seen s ON s.customer_id = c.id
      LEFT JOIN (SELECT customer_id, bool_or(state = 'open') AS open_case,
                        count(*) FILTER (WHERE state <> 'open') AS earlier
                   FROM payments_recovery_case
                  WHERE state = 'open' OR opened_at >= %(cases_from)s GROUP BY customer_id) p
             ON p.customer_id = c.id
      LEFT JOIN (SELECT customer_id, bool_or(cancel_at_period_end AND status = ANY(%(live)s)) AS ending
                   FROM billing_subscription GROUP BY customer_id) a ON a.customer_id = c.id
     WHERE c.status = ANY(%(active)s) OFFSET 0) b
""")

# Points lost of each component's 100.
_LOST = """
SELECT t.*,
       least(100.0::float8 - trend, %(errors_lose)s::float8 * least(1.0::float8, greatest(0.0::float8,
         (failed - %(errors_from)s::float8) / %(errors_span)s::float8))) AS errors,
       %(active_days_lose)s::float8 * (1.0::float8 - least(1.0::float8,
         active_days::float8 / (%(active_days)s::float8 * part))) AS days_lost,
       %(logins_lose)s::float8 * (1.0::float8 - least(1.0::float8,
         logins::float8 / (%(logins)s::float8 * part))) AS logins_lost,
       %(feature_uses_lose)s::float8 * (1.0::float8 - least(1.0::float8,
         feature_uses::float8 / (%(feature_uses)s::float8 * part))) AS features_lost,
       CASE WHEN integrated THEN 0.0::float8 ELSE %(not_integrated_loses)s::float8 END AS integration_lost,
       CASE WHEN ending THEN least(100.0::float8 - trouble, %(ending_loses)s::float8) ELSE 0.0::float8
            END AS ending_lost
  FROM (
    SELECT f.*,
           CASE WHEN used_before = 0 THEN CASE WHEN used_now = 0 THEN 100.0::float8 ELSE 0.0::float8 END
                ELSE 100.0::float8 * least(1.0::float8, greatest(0.0::float8, (1.0::float8
                     - (used_now::float8 * days_before::float8) / (used_before::float8 * days_now::float8))
                     / %(nothing_left)s::float8)) END AS trend,
           CASE WHEN api_calls::float8 + api_errors::float8 > 0
                THEN api_errors::float8 / (api_calls::float8 + api_errors::float8) ELSE 0.0::float8 END AS failed,
           nullif(days_now, 0)::float8 / %(window)s::float8 AS part,
           CASE WHEN open_case THEN %(open_case_loses)s::float8
                WHEN past_due THEN %(past_due_loses)s::float8 ELSE 0.0::float8 END AS trouble
      FROM facts f OFFSET 0) t OFFSET 0
"""

# The components, each NULL where it has no data, with the weights of those that have some.
_COMPONENTS = """
SELECT w.*,
       nullif(CASE WHEN usage IS NULL THEN 0.0::float8 ELSE %(w_usage)s::float8 END
         + CASE WHEN engagement IS NULL THEN 0.0::float8 ELSE %(w_engagement)s::float8 END
         + CASE WHEN payment IS NULL THEN 0.0::float8 ELSE %(w_payment)s::float8 END, 0.0::float8) AS total,
       coalesce(%(w_usage)s::float8 * usage, 0.0::float8)
         + coalesce(%(w_engagement)s::float8 * engagement, 0.0::float8)
         + coalesce(%(w_payment)s::float8 * payment, 0.0::float8) AS points
  FROM (
    SELECT l.*,
           CASE WHEN used_ever AND days_before >= %(compare)s THEN 100.0::float8 - trend - errors END AS usage,
           CASE WHEN people_ever AND days_now >= %(compare)s THEN greatest(0.0::float8,
                100.0::float8 - days_lost - logins_lost - features_lost - integration_lost) END AS engagement,
           CASE WHEN billed THEN 100.0::float8 - trouble - ending_lost - earlier_lost END AS payment
      FROM (SELECT l.*, least(100.0::float8 - trouble - ending_lost, %(earlier_cases_lose_most)s::float8,
                              %(earlier_case_loses)s::float8 * earlier_cases::float8) AS earlier_lost
              FROM lost l OFFSET 0) l
    OFFSET 0) w OFFSET 0
"""


def _rounded(value: str) -> str:
    """``hundredths`` of the rule."""
    return f"floor({value} * 100.0::float8 + 0.5::float8) / 100.0::float8"


# Component, code (or the CASE that chooses it), points of the component's 100, further fields of the reason.
_REASONS: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    (
        "usage",
        "CASE WHEN used_now = 0 THEN 'usage_stopped' ELSE 'usage_fell' END",
        "trend",
        {"before": "used_before", "now": "used_now"},
    ),
    ("usage", "'api_errors'", "errors", {"errors": "api_errors", "calls": "api_calls"}),
    ("engagement", "'few_active_days'", "days_lost", {"days": "active_days", "of": "days_now"}),
    ("engagement", "'few_logins'", "logins_lost", {"logins": "logins"}),
    ("engagement", "'little_feature_use'", "features_lost", {"uses": "feature_uses"}),
    ("engagement", "'not_integrated'", "integration_lost", {}),
    ("payment", "CASE WHEN open_case THEN 'payment_open' ELSE 'past_due' END", "trouble", {}),
    ("payment", "'ending'", "ending_lost", {}),
    ("payment", "'earlier_failures'", "earlier_lost", {"times": "earlier_cases"}),
)


# JSON is put together as text, from our own words and numbers only: nearly twice as fast as jsonb_build_object.
def _reason(component: str, code: str, lost: str, fields: Mapping[str, str]) -> str:
    points = _rounded(f"(%(w_{component})s::float8 * {lost} / total)")
    rest = "".join(f""" || ',"{name}":' || {column}""" for name, column in fields.items())
    return (
        f"CASE WHEN {component} IS NOT NULL AND {lost} > 0 AND {points} > 0 THEN "
        f"""'{{"component":"{component}","code":"' || {code} || '","lost":' || {points}{rest} || '}}' END"""
    )


def _component(name: str, missing: str) -> str:
    share = _rounded(f"(%(w_{name})s::float8 / total)")
    return (
        f"""'"{name}":' || CASE WHEN {name} IS NULL THEN '{{"missing":"' || {missing} || '"}}' ELSE """
        f"""'{{"score":' || {_rounded(name)} || ',"share":' || {share} || '}}' END"""
    )


_SCORED = f"""
SELECT customer_id, {_rounded("(points / total)")} AS score,
       ('{{' || {_component("usage", "CASE WHEN used_ever THEN 'nothing_to_compare' ELSE 'no_usage_data' END")}
        || ',' || {_component("engagement", "CASE WHEN people_ever THEN 'too_new' ELSE 'no_activity_data' END")}
        || ',' || {_component("payment", "'no_payment_data'")}
        || ',"support":{{"missing":"no_support_data"}}}}')::jsonb AS components,
       ('[' || concat_ws(',', {", ".join(_reason(*reason) for reason in _REASONS)}) || ']')::jsonb AS reasons
  FROM components OFFSET 0
"""  # noqa: S608 - made of the constants above

SCORE = f"""
WITH facts AS ({_FACTS}), lost AS ({_LOST}), components AS ({_COMPONENTS}), scored AS ({_SCORED})
INSERT INTO customer_health_scores (customer_id, day, score, level, components, reasons, calculated_at)
SELECT customer_id, %(day)s, score,
       CASE WHEN score IS NULL THEN 'unknown' WHEN score < %(at_risk_under)s::float8 THEN 'at_risk'
            WHEN score <= %(steady_over)s::float8 THEN 'weak' WHEN score <= %(healthy_over)s::float8 THEN 'steady'
            ELSE 'healthy' END,
       components, reasons, %(now)s
  FROM scored ORDER BY customer_id
RETURNING level
"""  # noqa: S608 - made of the constants above
