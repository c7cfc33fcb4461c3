"""What this app and the autopilot's own records add to the time line."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.admin.utils import quote
from django.urls import reverse

from apps.customers.models import Customer, Event
from apps.customers.timeline import TimelineEntry, Tone
from apps.runs.models import Effect, EffectState, EvolutionEntry, Proposal

_MILESTONES = ("first_api_request", "first_impression", "sdk_download", "config_change")
_TROUBLED: dict[str, Tone] = {
    EffectState.WAITING: "warning",
    EffectState.DOUBT: "warning",
    EffectState.UNKNOWN: "warning",
    EffectState.REFUSED: "bad",
    EffectState.DEAD: "bad",
}


def life(customer_id: int, limit: int) -> Iterator[TimelineEntry]:  # noqa: ARG001 - three at most
    """Signed up, activated, cancelled."""
    moments = Customer.objects.values_list("signed_up_at", "activated_at", "canceled_at").get(pk=customer_id)
    words: tuple[tuple[str, Tone], ...] = (("Signed up", "info"), ("Activated", "good"), ("Cancelled", "bad"))
    for at, (title, tone) in zip(moments, words, strict=True):
        if at is not None:
            yield TimelineEntry(at, "customer", title, tone=tone)


def milestones(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """Events that happen rarely enough to be read one by one."""
    found = Event.objects.filter(customer_id=customer_id, kind__in=_MILESTONES).order_by("-occurred_at")
    for kind, at, feature in found.values_list("kind", "occurred_at", "feature")[:limit]:
        yield TimelineEntry(at, "activity", kind.replace("_", " ").capitalize(), feature)


def changes(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """What the autopilot did for this customer, from evolution_log."""
    for entry in EvolutionEntry.objects.filter(customer_id=customer_id).order_by("-timestamp")[:limit]:
        tone: Tone = {True: "good", False: "bad", None: "info"}[entry.success]  # type: ignore[assignment]
        url = reverse("admin:runs_evolutionentry_change", args=[entry.pk])
        yield TimelineEntry(entry.timestamp, "autopilot", entry.description, entry.reason, url, tone)


def troubles(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """Effects that were not done, or may not have been. Those that were are in evolution_log."""
    found = Effect.objects.filter(customer_id=customer_id, state__in=_TROUBLED).order_by("-claimed_at")
    for effect in found[:limit]:
        url = reverse("admin:runs_effect_change", args=[quote(effect.pk)])
        title = f"{effect.automation}: {effect.get_state_display()}"
        yield TimelineEntry(effect.claimed_at, "effect", title, effect.error, url, _TROUBLED[effect.state])


def questions(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
    """Proposals about this customer, waiting or answered."""
    for proposal in Proposal.objects.filter(customer_id=customer_id).order_by("-created_at")[:limit]:
        url = reverse("admin:runs_proposal_change", args=[proposal.pk])
        tone: Tone = "warning" if proposal.status in {"pending", "snoozed"} else "neutral"
        title = f"Proposed: {proposal.title} ({proposal.get_status_display().lower()})"
        yield TimelineEntry(proposal.created_at, "proposal", title, proposal.reason, url, tone)
