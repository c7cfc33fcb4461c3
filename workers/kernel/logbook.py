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
  FROM json_to_recordset(%(rows)s)
    AS l(description text, reason text, inputs jsonb, confidence float8, risk float8, approved_by text, outcome jsonb,
         way_back text, effect_key text, subject_id bigint, customer_id bigint)
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
    cursor.execute(
        _LOG,
        {
            "rows": to_json([_row(entry) for entry in entries]),
            "now": now,
            "change_type": change_type,
            "automation": automation.name,
            "rule": automation.name,
            "success": success,
        },
    )


def _row(entry: Receipt) -> dict[str, Any]:
    claim, decision = entry.claim, entry.claim.wanted.decision
    return {
        "description": decision.title or decision.reason,
        "reason": decision.reason,
        "inputs": claim.wanted.facts,
        "confidence": decision.confidence,
        "risk": decision.risk,
        "approved_by": claim.approved_by,
        "outcome": entry.receipt,
        "way_back": decision.way_back,
        "effect_key": claim.wanted.key,
        "subject_id": claim.wanted.subject_id,
        "customer_id": claim.wanted.customer_id,
    }
