"""Numbers and records in the operator's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apps.core.decision import AUTO_APPLY_CONFIDENCE, AUTO_APPLY_RISK
from apps.core.money import Money

# "usage_fell": a code of ours or a provider's. A name of a table or column is left as it is written.
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
_LITERAL = frozenset({"column", "columns", "index", "index_name", "query", "schema", "statement", "table"})
_ABBREVIATIONS = {"api": "API", "id": "id", "ids": "ids", "sql": "SQL", "url": "URL"}
_WHOSE = ("name", "company", "email", "to", "external_id", "address", "table", "event_id", "invoice")


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
    if 0 < seconds < 1:
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
    words = [_ABBREVIATIONS.get(word, word) for word in re.split(r"[_.:\s]+", name.strip("_.: "))]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


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
        return ", ".join(f"{_lowered(name)}: {words}" for name, words in rows(value) if words != "-") or "-"
    if isinstance(value, list | tuple):
        return ", ".join(value_words(item) for item in value)
    return code_words(_moment(str(value)))


def _lowered(text: str) -> str:
    """The first letter small, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _moment(text: str) -> str:
    """ISO times read better without the T and the fractions; anything else stays as it is."""
    if len(text) < 19 or text[4:5] != "-" or text[10:11] != "T":
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (" UTC" if moment.utcoffset() == timedelta(0) else "")


def code_words(code: str) -> str:
    """ "insufficient_funds" → "insufficient funds"; anything else stays as it is."""
    return code.replace("_", " ") if _CODE.fullmatch(code) else code


def subject_words(facts: Mapping[str, Any], subject_id: int) -> str:
    """Whom or what a step is about: the first of its facts that names it, else the row's number."""
    return next((str(facts[name]) for name in _WHOSE if facts.get(name)), f"number {subject_id}")


def bytes_words(size: float) -> str:
    """60727296 → "60.7 MB", in powers of ten as disks are sold."""
    unit = 0
    while abs(size) >= 1000 and unit < 4:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} B" if unit == 0 else f"{size:.1f} {('kB', 'MB', 'GB', 'TB')[unit - 1]}"


def rows(record: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """A stored JSON object as label and value, in its own order. The unit moves from the name into the
    value: ``amount_minor`` beside ``currency`` is a sum of money, ``mean_ms`` milliseconds."""
    found = record or {}
    return [_row(str(name), value, str(found.get("currency") or "")) for name, value in found.items()]


def _row(name: str, value: Any, currency: str) -> tuple[str, str]:
    if name in _LITERAL:
        return label(name), ", ".join(map(str, value)) if isinstance(value, list) else value_words(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(name, value, currency)
    return label(name), value_words(value)


def _number(name: str, value: float, currency: str) -> tuple[str, str]:
    stem, _, unit = name.rpartition("_")
    if unit == "minor" and isinstance(value, int) and len(currency) == 3 and currency.isalpha():
        return label(stem), str(Money(value, currency))
    if unit == "ms":
        return label(stem), f"{value:,.0f} ms" if abs(value) >= 10 else f"{value:,.2f} ms"
    if unit == "bytes":
        return label(stem), bytes_words(value)
    if unit == "seconds":
        return label(stem), span(value)
    if unit == "id":  # a number that names something is not a quantity
        return label(name), str(value)
    return label(name), value_words(value)
