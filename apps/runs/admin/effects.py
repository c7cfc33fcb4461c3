"""Effects on the outside, and evolution_log, the record nobody can change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from apps.core.clock import utc_now
from apps.runs import doubt
from apps.runs.admin.base import PeopleMixin, RecordAdmin, back, column, who
from apps.runs.admin.filters import AutomationFilter
from apps.runs.models import Effect, EffectState, EvolutionEntry, Observation, Proposal, Step
from apps.runs.wording import label

ANSWERS = {"done": "It was done", "not_done": "It was not done", "again": "Try again"}


@admin.register(Effect)
class EffectAdmin(PeopleMixin, RecordAdmin):
    page_template = "runs/effect.html"
    list_display = ("what", "shown_state", "automation", "attempts", "customer", "claimed_at")
    list_filter = ("state", AutomationFilter)
    search_fields = ("key__startswith",)
    search_help_text = "The beginning of a key, as dunning:charge:in_1…"
    ordering = ("-claimed_at",)
    sortable_by = ("claimed_at",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        keys = [effect.key for effect in found.result_list]
        said = EvolutionEntry.objects.filter(effect_key__in=keys).order_by("-timestamp")
        titles = dict(said.values_list("effect_key", "description"))
        for effect in found.result_list:
            effect.title = titles.get(effect.key, "")
        return found

    @column("What", header=True)
    def what(self, effect: Effect) -> list[str]:
        """What the evolution log calls it; most effects that change nothing lasting have no entry."""
        title = getattr(effect, "title", "")
        return [title, effect.key] if title else [effect.key, ""]

    @column(
        "State",
        label={
            EffectState.DONE: "success",
            EffectState.CLAIMED: "info",
            EffectState.WAITING: "warning",
            EffectState.DOUBT: "warning",
            EffectState.REFUSED: "danger",
            EffectState.DEAD: "danger",
        },
    )
    def shown_state(self, effect: Effect) -> str:
        return effect.state

    def record_context(self, request: HttpRequest, record: Effect) -> dict[str, Any]:
        return {
            "now": utc_now(),
            "steps": Step.objects.filter(effect_key=record.key)
            .select_related("run")
            .order_by("-decided_at")[:10],
            "proposals": Proposal.objects.filter(effect_key=record.key).order_by("-created_at")[:10],
            "log": EvolutionEntry.objects.filter(effect_key=record.key).order_by("-timestamp")[:20],
            "observation": Observation.objects.filter(effect_key=record.key).first(),
            "undone_by": Effect.objects.filter(key=f"undo:{record.key}"[:200], undoes=record.key).first(),
            "may_settle": self.may_change(request),
            "in_doubt": record.state in (EffectState.DOUBT, EffectState.UNKNOWN),
            "in_trouble": record.state in doubt.TROUBLED,
        }

    def get_urls(self) -> list[URLPattern]:
        settle = self.admin_site.admin_view(require_POST(self.settle_view))
        return [path("settle/", settle, name="runs_effect_settle"), *super().get_urls()]

    def settle_view(self, request: HttpRequest) -> HttpResponse:
        """POST key, answer (done, not_done, again), note: what the operator found out about an effect."""
        if not self.may_change(request):
            raise PermissionDenied
        key, answer = request.POST.get("key", ""), request.POST.get("answer", "")
        note, now = request.POST.get("note", "").strip(), utc_now()
        try:
            if answer not in ANSWERS:
                raise ValueError("Say whether it was done, was not done, or is to be tried again.")
            if answer == "again":
                doubt.replay_effect(key, who(request), now)
            else:
                doubt.settle_doubt(key, answer == "done", who(request), now, note)
        except ValueError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{ANSWERS[answer]}: noted for {key}.")
        return back(request, "admin:runs_effect_changelist")


@admin.register(EvolutionEntry)
class EvolutionAdmin(PeopleMixin, RecordAdmin):
    page_template = "runs/evolution.html"
    nothing = "Apex has changed nothing here."
    list_display = ("timestamp", "description", "kind", "shown_success", "customer", "approved_by")
    list_filter = ("success", AutomationFilter)
    search_fields = ("description",)
    ordering = ("-timestamp",)
    sortable_by = ("timestamp",)
    list_display_links = ("timestamp", "description")

    @admin.display(description="Kind of change")
    def kind(self, entry: EvolutionEntry) -> str:
        return label(entry.change_type)

    @column("Outcome", label={"good": "success", "bad": "danger", "open": "info"})
    def shown_success(self, entry: EvolutionEntry) -> str:
        return {True: "good", False: "bad", None: "open"}[entry.success]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def record_context(self, request: HttpRequest, record: EvolutionEntry) -> dict[str, Any]:
        key = record.effect_key
        found = Step.objects.filter(effect_key=key).order_by("-decided_at") if key else Step.objects.none()
        return {
            "effect": Effect.objects.filter(key=key).first() if key else None,
            "proposal": Proposal.objects.filter(effect_key=key).order_by("-created_at").first()
            if key
            else None,
            "step": found.first(),
            "related": EvolutionEntry.objects.filter(effect_key=key)
            .exclude(pk=record.pk)
            .order_by("-timestamp")[:10]
            if key
            else [],
        }
