"""Runs and their steps: what was seen, what was decided for whom and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from apps.core.clock import utc_now
from apps.core.modes import RunMode
from apps.runs.admin.base import BoundedPaginator, PeopleMixin, RecordAdmin, column
from apps.runs.admin.filters import AutomationFilter
from apps.runs.models import Effect, EvolutionEntry, Proposal, Run, RunState, Step

STEPS_PER_PAGE = 50
STATE_LABELS = {RunState.DONE: "success", RunState.FAILED: "danger", RunState.RUNNING: "info"}


class FoundFilter(admin.SimpleListFilter):
    """Most ticks find nothing to do: this leaves them out."""

    title = "found something"
    parameter_name = "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "yes"), ("no", "no")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(seen__gt=0) if self.value() == "yes" else queryset.filter(seen=0)


@admin.register(Run)
class RunAdmin(RecordAdmin):
    page_template = "runs/run.html"
    list_display = (
        "automation",
        "slot",
        "shown_state",
        "mode",
        "trigger",
        "came_of_it",
    )
    list_filter = (FoundFilter, "state", "mode", "trigger", AutomationFilter)
    ordering = ("-created_at",)
    sortable_by = ("slot",)

    @column("State", label=STATE_LABELS)
    def shown_state(self, run: Run) -> str:
        return run.state

    @admin.display(description="What came of it")
    def came_of_it(self, run: Run) -> str:
        return tally(run)

    def record_context(self, request: HttpRequest, record: Run) -> dict[str, Any]:
        steps = Step.objects.filter(run=record).order_by("subject_id")
        pages = BoundedPaginator(steps, STEPS_PER_PAGE).get_page(request.GET.get("p"))
        effects, proposals = _related(list(pages.object_list))
        return {
            "now": utc_now(),
            "steps": [(s, effects.get(s.effect_key), proposals.get(s.effect_key)) for s in pages.object_list],
            "pages": pages,
            "batches": record.batches.order_by("number")[:20],
            "would": record.mode != RunMode.LIVE,
            "reasons": sorted(record.skip_reasons.items(), key=lambda reason: -reason[1]),
            "counts": [(name, many) for name, many in record.counts.items() if name != "seen"],
        }


def tally(run: Run) -> str:
    """ "14 seen, 12 acted, 2 left alone"; what is nought is not said."""
    counted = {
        "seen": run.seen,
        "acted": run.acted,
        "asked": run.asked,
        "left alone": run.skipped,
        "failed": run.failed,
    }
    said = [f"{number:,} {word}" for word, number in counted.items() if number]
    return ", ".join(said) or ("under way" if run.state == RunState.RUNNING else "nothing was due")


def _related(steps: list[Step]) -> tuple[dict[str, Effect], dict[str, Proposal]]:
    keys = [step.effect_key for step in steps]
    effects = {effect.key: effect for effect in Effect.objects.filter(key__in=keys)}
    proposals = {p.effect_key: p for p in Proposal.objects.filter(effect_key__in=keys).order_by("created_at")}
    return effects, proposals


@admin.register(Step)
class StepAdmin(PeopleMixin, RecordAdmin):
    page_template = "runs/step.html"
    list_display = ("decided_at", "automation", "shown_verdict", "reason", "customer")
    list_filter = ("verdict",)
    list_select_related = ("run",)
    ordering = ("-id",)
    sortable_by = ()

    @column("Verdict", label={"act": "success", "ask": "warning"})
    def shown_verdict(self, step: Step) -> str:
        return step.verdict

    @admin.display(description="Automation")
    def automation(self, step: Step) -> str:
        url = reverse("admin:runs_run_change", args=[step.run_id])
        return format_html('<a href="{}">{}</a>', url, step.run.automation)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        return super().get_queryset(request).select_related("run")  # type: ignore[no-any-return]

    def record_context(self, request: HttpRequest, record: Step) -> dict[str, Any]:
        return {
            "now": utc_now(),
            "run": record.run,
            "effect": Effect.objects.filter(key=record.effect_key).first(),
            "proposal": Proposal.objects.filter(effect_key=record.effect_key).order_by("-created_at").first(),
            "log": EvolutionEntry.objects.filter(effect_key=record.effect_key).order_by("-timestamp")[:20],
            "decision": {k: v for k, v in record.decision.items() if k not in ("verdict", "reason") and v},
        }
