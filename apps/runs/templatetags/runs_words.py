"""Filters for the operator's pages: numbers, moments and records in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.urls import reverse

from apps.runs import people, wording

register = template.Library()
register.filter("confidence_words", wording.confidence_words)
register.filter("risk_words", wording.risk_words)
register.filter("rows", wording.rows)
register.filter("ago", wording.ago)
register.filter("span", wording.span)
register.filter("label", wording.label)
register.filter("value_words", wording.value_words)
register.filter("code_words", wording.code_words)
register.filter("subject_words", wording.subject_words)

_TONES = {
    "done": "good", "applied": "good", "success": "good", "live": "good", "act": "good",
    "sent": "good", "processed": "good", "paid": "good", "recovered": "good", "active": "good",
    "queued": "info", "open": "info", "trialing": "info", "past_due": "warning", "declined": "warning",
    "parked": "warning", "lost": "bad", "malformed": "bad", "canceled": "bad",
    "running": "info", "approved": "info", "applying": "info", "claimed": "info", "watching": "info",
    "shadow": "info",
    "pending": "warning", "waiting": "warning", "snoozed": "warning", "ask": "warning", "doubt": "warning",
    "unknown": "warning", "medium": "warning", "high": "warning", "rolled_back": "warning",
    "failed": "bad", "refused": "bad", "dead": "bad", "failure": "bad", "critical": "bad",
}  # fmt: skip
_WORDS = {
    "act": "acted",
    "ask": "asked you",
    "doubt": "in doubt",
    "unknown": "never known",
    "dead": "given up",
    "dry_run": "dry run",
    "claimed": "being done",
    "rolled_back": "taken back",
    "new_card": "new card",
    "past_due": "past due",
}


@register.filter
def tone(state: str) -> str:
    """The colour of a state whose word is written beside it."""
    return _TONES.get(str(state), "neutral")


@register.inclusion_tag("runs/parts/pill.html")
def pill(state: str) -> dict[str, str]:
    """A state as a coloured word."""
    return {"tone": _TONES.get(str(state), "neutral"), "word": _WORDS.get(str(state), str(state))}


@register.simple_tag
def page(model: str, key: Any) -> str:
    """The address of a record's page: {% page "effect" key %}."""
    return reverse(f"admin:runs_{model}_change", args=[quote(key)])


@register.filter
def item(record: Mapping[str, Any] | None, name: str) -> Any:
    """A value of a mapping by a name held in a variable."""
    return (record or {}).get(name, "")


@register.filter
def seconds_to(start: datetime | None, end: datetime | None) -> str:
    """How long it took; empty while it is not over."""
    if start is None or end is None:
        return ""
    return wording.span((end - start).total_seconds())


@register.inclusion_tag("runs/parts/person.html")
def person(customer_id: int | None) -> dict[str, Any]:
    """A customer's name with a link to the page: {% person record.customer_id %}."""
    return {"person": people.person(customer_id), "customer_id": customer_id}
