"""Numbers and records in the operator's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apps.core.decision import AUTO_APPLY_CONFIDENCE, AUTO_APPLY_RISK


def confidence_words(confidence: float | None) -> str:
    """0.95 → "0.95, almost certain". Empty where the rule does not judge."""
    if confidence is None:
        return ""
    if confidence >= 0.95:
        word = "almost certain"
    elif confidence > AUTO_APPLY_CONFIDENCE:
        word = "probably right"
    else:
        word = "more likely than not" if confidence > 0.5 else "a guess"
    return f"{confidence:.2f}, {word}"


def risk_words(risk: float | None) -> str:
    """0.30 → "0.30, noticeable". Empty where the rule does not judge."""
    if risk is None:
        return ""
    if risk < 0.1:
        word = "very low"
    elif risk < AUTO_APPLY_RISK:
        word = "low"
    else:
        word = "noticeable" if risk < 0.5 else "high"
    return f"{risk:.2f}, {word}"


def ago(then: datetime | None, now: datetime) -> str:
    """ "5 min ago", "in 3 h", "never"."""
    if then is None:
        return "never"
    gap = now - then
    if abs(gap) < timedelta(seconds=60):
        return "just now" if gap >= timedelta(0) else "in a moment"
    words = _span(abs(gap))
    return f"{words} ago" if gap > timedelta(0) else f"in {words}"


def span(seconds: float) -> str:
    """A duration: "350 ms", "12 s", "3 min"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 120 else _span(timedelta(seconds=seconds))


def _span(gap: timedelta) -> str:
    minutes = int(gap.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days"


def label(name: str) -> str:
    """A field's name for people: "mean_ms" → "Mean ms"."""
    words = name.replace("_", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]


def value_words(value: Any) -> str:
    """A JSON value on one line."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, Mapping):
        return ", ".join(f"{label(str(k)).lower()}: {value_words(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(value_words(item) for item in value)
    return _moment(str(value))


def _moment(text: str) -> str:
    """ISO times read better without the T and the fractions; anything else stays as it is."""
    if len(text) < 19 or text[4:5] != "-" or text[10:11] != "T":
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (" UTC" if moment.utcoffset() == timedelta(0) else "")


def rows(record: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """A stored JSON object as label and value, in its own order."""
    return [(label(str(name)), value_words(value)) for name, value in (record or {}).items()]
