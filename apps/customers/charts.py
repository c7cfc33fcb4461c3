"""Daily usage in the form Unfold's bundled Chart.js takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

_SHOWN = (
    ("impression", "Impressions"),
    ("api_call", "API calls"),
    ("api_error", "API errors"),
    ("login", "Log-ins"),
)
_COLOURS = {"impression": "#7c3aed", "api_call": "#0284c7", "api_error": "#dc2626", "login": "#059669"}


def usage_chart(rows: Iterable[Mapping[str, Any]], first: date, last: date) -> str:
    """JSON of labels (every day, also the empty ones) and one line for each kind that occurs."""
    rows = list(rows)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    sums = {(row["day"], row["kind"]): row["quantity"] for row in rows}
    present = {row["kind"] for row in rows}
    lines = [
        {
            "label": label,
            "data": [sums.get((day, kind), 0) for day in days],
            "borderColor": _COLOURS[kind],
            "backgroundColor": _COLOURS[kind],
            "tension": 0.2,
        }
        for kind, label in _SHOWN
        if kind in present
    ]
    return json.dumps({"labels": [f"{day:%d %b}" for day in days], "datasets": lines})


def chart_options() -> str:
    """A legend, and a scale that starts at zero."""
    return json.dumps(
        {
            "responsive": True,
            "maintainAspectRatio": False,
            "plugins": {"legend": {"display": True, "position": "bottom"}},
            "scales": {"y": {"beginAtZero": True}, "x": {"ticks": {"maxTicksLimit": 8}}},
            "elements": {"point": {"radius": 0}},
        }
    )
