"""Approvals: the list, one proposal's page, and the POSTs behind their buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.forms import ActionForm

from apps.core.clock import utc_now
from apps.core.types import Json
from apps.runs import actions
from apps.runs.admin.base import RecordAdmin, back, column, who
from apps.runs.admin.cards import cards
from apps.runs.admin.filters import AutomationFilter
from apps.runs.models import Effect, EvolutionEntry, Proposal, ProposalStatus
from apps.runs.wording import confidence_words, risk_words

SNOOZE_DAYS = {"1": "until tomorrow", "3": "for 3 days", "7": "for a week", "30": "for a month"}


class ReviewForm(ActionForm):
    """The bar below the list: what to do with the selected, and the note that goes with a rejection."""

    note = forms.CharField(
        label="",
        required=False,
        widget=forms.TextInput(
            attrs={"placeholder": "Note (needed to reject)", "class": "ax-note", "maxlength": 500}
        ),
    )


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    page_template = "runs/proposal.html"
    list_title = "Approvals"
    action_form = ReviewForm
    actions: ClassVar[Sequence[str] | None] = ("approve_selected", "reject_selected", "snooze_selected")
    list_display = ("title_and_reason", "shown_status", "confidence", "risk", "automation", "created_at")
    list_filter = ("status", AutomationFilter)
    list_filter_sheet = False
    search_fields = ("title", "effect_key")
    ordering = ("-created_at",)

    @column("What", header=True)
    def title_and_reason(self, proposal: Proposal) -> list[str]:
        return [proposal.title, proposal.waits_because]

    @column(
        "Status",
        ordering="status",
        label={
            ProposalStatus.PENDING: "warning",
            ProposalStatus.SNOOZED: "info",
            ProposalStatus.APPROVED: "info",
            ProposalStatus.APPLYING: "info",
            ProposalStatus.APPLIED: "success",
            ProposalStatus.FAILED: "danger",
        },
    )
    def shown_status(self, proposal: Proposal) -> str:
        return proposal.status

    @admin.display(description="Confidence", ordering="confidence_score", empty_value="-")
    def confidence(self, proposal: Proposal) -> str:
        return confidence_words(proposal.confidence_score)

    @admin.display(description="Risk", ordering="risk_score", empty_value="-")
    def risk(self, proposal: Proposal) -> str:
        return risk_words(proposal.risk_score)

    @admin.action(description="Approve", permissions=["change"])
    def approve_selected(self, request: HttpRequest, chosen: QuerySet[Proposal]) -> None:
        decide(
            request, "approve", list(chosen.values_list("id", flat=True)), request.POST.get("note", ""), ""
        )

    @admin.action(description="Reject with the note", permissions=["change"])
    def reject_selected(self, request: HttpRequest, chosen: QuerySet[Proposal]) -> None:
        decide(request, "reject", list(chosen.values_list("id", flat=True)), request.POST.get("note", ""), "")

    @admin.action(description="Snooze until tomorrow", permissions=["change"])
    def snooze_selected(self, request: HttpRequest, chosen: QuerySet[Proposal]) -> None:
        decide(request, "snooze", list(chosen.values_list("id", flat=True)), "", "1")

    def record_context(self, request: HttpRequest, record: Proposal) -> dict[str, Any]:
        return {
            "now": utc_now(),
            "card": cards([record])[0],
            "may_review": self.may_change(request),
            "effect": Effect.objects.filter(key=record.effect_key).first(),
            "log": EvolutionEntry.objects.filter(effect_key=record.effect_key).order_by("-timestamp")[:20],
        }

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("decide/", wrap(require_POST(self.decide_view)), name="runs_proposal_decide"),
            path("<uuid:ident>/edit/", wrap(require_POST(self.edit_view)), name="runs_proposal_edit"),
            *super().get_urls(),
        ]

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """POST ids (one or several), verb, note, days: approve, reject or snooze them."""
        if not self.may_change(request):
            raise PermissionDenied
        post = request.POST
        decide(
            request,
            post.get("verb", ""),
            _uuids(post.getlist("ids")),
            post.get("note", ""),
            post.get("days", ""),
        )
        return back(request)

    def edit_view(self, request: HttpRequest, ident: UUID) -> HttpResponse:
        """POST param-<name> fields; verb=approve also approves what was just saved."""
        if not self.may_change(request):
            raise PermissionDenied
        params: dict[str, Json] = {
            key.removeprefix("param-"): str(value)
            for key, value in request.POST.items()
            if key.startswith("param-")
        }
        try:
            actions.edit(ident, params, who(request), utc_now())
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return back(request)
        if request.POST.get("verb") == "approve":
            decide(request, "approve", [ident], "", "")
        else:
            messages.success(request, "Saved. It still waits for your approval.")
        return back(request)


def decide(request: HttpRequest, verb: str, ids: Sequence[UUID], note: str, days: str) -> None:
    """Does it and says so in one sentence; a refusal is said as plainly."""
    verbs: dict[str, Callable[[datetime], tuple[int, str]]] = {
        "approve": lambda now: (
            actions.approve(ids, who(request), now, note.strip()),
            "approved. Apex applies it within a minute.",
        ),
        "reject": lambda now: (actions.reject(ids, who(request), now, _needed(note)), "rejected."),
        "snooze": lambda now: (
            actions.snooze(ids, now + timedelta(days=_days(days)), who(request), now),
            f"snoozed {SNOOZE_DAYS[days]}.",
        ),
    }
    try:
        if verb not in verbs:
            raise ValueError("Choose what to do: approve, reject or snooze.")
        if not ids:
            raise ValueError("Nothing was selected.")
        many, words = verbs[verb](utc_now())
    except ValueError as refusal:
        messages.error(request, str(refusal))
        return
    if many:
        messages.success(request, f"{many} {'proposal' if many == 1 else 'proposals'} {words}")
    if many < len(ids):
        left = len(ids) - many
        messages.warning(
            request, f"{left} had already been decided and {'was' if left == 1 else 'were'} left alone."
        )


def _needed(note: str) -> str:
    if not note.strip():
        raise ValueError("A rejection needs a note: it is what Apex and you will read later.")
    return note.strip()


def _days(days: str) -> int:
    if days not in SNOOZE_DAYS:
        raise ValueError("Snooze for 1, 3, 7 or 30 days.")
    return int(days)


def _uuids(texts: Sequence[str]) -> list[UUID]:
    """The well-formed ones; a mangled id is nobody's proposal."""
    found: list[UUID] = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
