"""Whether a message may leave now. Everything is looked at again at the moment of sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.core.decision import Decision, Verdict, skip

MARKETING = "marketing"

# Enhanced codes (RFC 3463) that say the mailbox itself is the trouble: no such mailbox or domain, moved
# without a new address, syntax; 5.2.1 is a disabled mailbox. 5.7.x (policy) and 5.2.2 (full) are not.
_NO_MAILBOX = re.compile(r"5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
_ENHANCED = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")
_NO_MAILBOX_WORDS = re.compile(
    r"user unknown|unknown user|no such (?:user|mailbox|recipient|address)|mailbox (?:not found|unavailable)"
    r"|does not exist|address unknown|recipient unknown|unknown recipient",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OutboxFacts:
    """One queued message with everything needed to decide on it and to build it.

    ``suppressed`` is the reason its address is suppressed for this class of message, or empty.
    ``consent`` is the customer's to marketing. ``marketing_before`` counts the customer's marketing messages of the
    last seven days and those before this one in the queue. ``problem`` says what the template lacks, or is empty.
    """

    subject_id: int
    customer_id: int | None
    generation: int
    message_class: str
    template: str
    locale: str
    to: str
    message_id: str
    due_at: datetime
    suppressed: str
    consent: bool
    problem: str
    context: Mapping[str, str | int | float | bool | None]
    marketing_before: int = 0
    weekly_cap: int = 3


def may_send(facts: OutboxFacts, *, now: datetime) -> Decision:
    """ACT, or SKIP with the reason; ``params["status"]`` is what the row becomes when it must not wait on."""
    if facts.due_at > now:
        return skip("not due yet")
    if facts.problem:
        return _not_sent("blocked", f"{facts.template}: {facts.problem}")
    if facts.suppressed:
        return _not_sent("suppressed", f"address suppressed: {facts.suppressed}")
    if facts.message_class == MARKETING and not facts.consent:
        return _not_sent("suppressed", "no consent to marketing")
    if facts.message_class == MARKETING and facts.marketing_before >= facts.weekly_cap:
        return _not_sent("suppressed", f"weekly cap: {facts.weekly_cap} marketing messages in seven days")
    return Decision(Verdict.ACT, "due, wanted and complete")


def _not_sent(status: str, reason: str) -> Decision:
    return Decision(Verdict.SKIP, reason, params={"status": status})


def mailbox_is_gone(error: str) -> bool:
    """True when a server's refusal says that the address does not exist: then nothing more is sent there.

    ``error`` is the gateway's ``RCPT: 550 5.1.1 …``. An enhanced code decides where there is one; without,
    only plain words count, as a bare 550 may as well be a block list.
    """
    stage, _, answer = error.partition(": ")
    if stage != "RCPT" or not answer.startswith("55"):
        return False
    if _ENHANCED.search(answer):
        return _NO_MAILBOX.search(answer) is not None
    return _NO_MAILBOX_WORDS.search(answer) is not None
