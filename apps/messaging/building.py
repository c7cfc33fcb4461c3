"""From a queued message's facts to the bytes that are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.messaging import unsubscribe
from apps.messaging.compose.mime import Envelope, compiled
from apps.messaging.conf import brand, sender_address
from apps.messaging.policy import MARKETING, OutboxFacts


@dataclass(frozen=True, slots=True)
class Built:
    """``sender`` and ``to`` are plain addresses, for the envelope; ``raw`` is the whole message."""

    sender: str
    to: str
    subject: str
    raw: bytes


def build(facts: OutboxFacts, *, now: datetime) -> Built:
    """Raises TemplateError when a variable is missing; ``may_send`` has looked before."""
    house = brand()
    template = compiled(facts.template, facts.locale, house)
    link = ""
    if MARKETING in (facts.message_class, template.message_class):
        link = unsubscribe.url(house.public_url, facts.to, facts.customer_id)
    envelope = Envelope(facts.to, facts.message_id, now, link)
    return Built(
        sender=sender_address(),
        to=facts.to,
        subject=template.subject_line(facts.context),
        raw=template.to_bytes(envelope, facts.context),
    )
