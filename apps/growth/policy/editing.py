"""What an operator may type in before approving a discount."""

from __future__ import annotations

MOST_PERCENT = 100
MOST_MONTHS = 12


def percent(text: str) -> int:
    """Raises ValueError with a sentence that says what is allowed."""
    return _between(text, 1, MOST_PERCENT, "percent")


def months(text: str) -> int:
    return _between(text, 1, MOST_MONTHS, "months")


def _between(text: str, least: int, most: int, what: str) -> int:
    cleaned = text.strip()
    if not (cleaned.isascii() and cleaned.isdigit() and least <= int(cleaned[:6]) <= most):
        raise ValueError(f"{what} is a whole number from {least} to {most}, not {text!r}")
    return int(cleaned)
