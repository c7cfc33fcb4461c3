"""Entries of evolution_log: what was changed, why, on whose word, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workers.kernel.automation import Automation
from workers.kernel.claims import Receipt
from workers.kernel.codec import to_json

_LOG = """
INSERT INTO evolution_log (timestamp, change_type, automation, description, reason, inputs, rule, confidence, risk,
                           approved_by, success, outcome, way_back, effect_key, subject_id, customer_id)
SELECT %(now)s, %(change_type)s, %(automation)s, l.description, l.reason, l.inputs, %(rule)s, l.confidence, l.risk,
       l.approved_by, %(success)s, l.outcome, l.way_back, l.effect_key, l.subject_id, l.customer_id
  FROM unnest(%(descriptions)s::text[], %(reasons)s::text[], %(inputs)s::jsonb[], %(confidences)s::float8[],
              %(risks)s::float8[], %(approvers)s::text[], %(outcomes)s::jsonb[], %(ways_back)s::text[],
              %(keys)s::text[], %(subjects)s::bigint[], %(customers)s::bigint[])
    AS l(description, reason, inputs, confidence, risk, approved_by, outcome, way_back, effect_key, subject_id,
         customer_id)
"""


def write_log(
    cursor: Any,
    automation: Automation[Any],
    change_type: str,
    entries: Sequence[Receipt],
    *,
    success: bool | None,
    now: datetime,
) -> None:
    decisions = [e.claim.wanted.decision for e in entries]
    cursor.execute(
        _LOG,
        {
            "now": now,
            "change_type": change_type,
            "automation": automation.name,
            "rule": automation.name,
            "success": success,
            "descriptions": [d.title or d.reason for d in decisions],
            "reasons": [d.reason for d in decisions],
            "inputs": [to_json(e.claim.wanted.facts) for e in entries],
            "confidences": [d.confidence for d in decisions],
            "risks": [d.risk for d in decisions],
            "approvers": [e.claim.approved_by for e in entries],
            "outcomes": [to_json(e.receipt) for e in entries],
            "ways_back": [d.way_back for d in decisions],
            "keys": [e.claim.wanted.key for e in entries],
            "subjects": [e.claim.wanted.subject_id for e in entries],
            "customers": [e.claim.wanted.customer_id for e in entries],
        },
    )
