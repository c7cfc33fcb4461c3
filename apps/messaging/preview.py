"""A stored message as its reader sees it, or why that cannot be shown."""

from __future__ import annotations

from dataclasses import dataclass

from apps.customers.models import Customer
from apps.messaging.compose.mime import Rendered, compiled
from apps.messaging.compose.placeholders import TemplateError
from apps.messaging.conf import brand
from apps.messaging.models import OutboxMessage

# A working link in a preview would unsubscribe somebody by accident.
SAMPLE_UNSUBSCRIBE = "https://example.com/unsubscribe"


@dataclass(frozen=True, slots=True)
class Preview:
    rendered: Rendered | None
    problem: str


def preview_of(message: OutboxMessage) -> Preview:
    """Built anew from the stored context and today's template: a message sent before a change of the
    template looked like the template did then."""
    customers = Customer.objects.filter(id=message.customer_id or 0).values("name", "company", "plan")
    context = {**(customers.first() or {}), **message.context}
    try:
        template = compiled(message.template, message.locale, brand())
        if problem := template.problem(context):
            return Preview(None, problem)
        return Preview(template.render(context, SAMPLE_UNSUBSCRIBE), "")
    except TemplateError as problem:
        return Preview(None, str(problem))
