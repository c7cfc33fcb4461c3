"""Automations: the catalogue with its switches, one automation's manual, and running it by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from apps.core.clock import utc_now
from apps.core.modes import Mode, RunMode
from apps.runs import actions
from apps.runs import dashboard_queries as reads
from apps.runs.admin.base import RecordAdmin, back, who
from apps.runs.admin.catalogue import entries, entry_row
from apps.runs.models import AutomationEntry, EvolutionEntry, Run
from apps.runs.models.catalogue import EMERGENCY_STOP


@admin.register(AutomationEntry)
class AutomationAdmin(RecordAdmin):
    page_template = "runs/automation.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = utc_now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Automations",
            "now": now,
            "groups": entries(now),
            "may_change": self.may_change(request),
            "may_stop": self.may_change(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "runs/automations.html", context)

    def record_context(self, request: HttpRequest, record: AutomationEntry) -> dict[str, Any]:
        now = utc_now()
        runs = Run.objects.filter(automation=record.name).order_by("-slot")[:25]
        log = EvolutionEntry.objects.filter(automation=record.name).order_by("-timestamp")[:10]
        return {"now": now, "row": entry_row(record, now), "runs": runs, "log": log}

    def get_urls(self) -> list[URLPattern]:
        def post(route: str, view: Any, name: str) -> URLPattern:
            url: URLPattern = path(route, self.admin_site.admin_view(require_POST(view)), name=name)
            return url

        return [
            post("emergency-stop/", self.stop_view, "runs_emergency_stop"),
            post("resume/", self.resume_view, "runs_resume"),
            post("mode/", self.mode_view, "runs_automation_mode"),
            post("run/", self.run_view, "runs_automation_run"),
            *super().get_urls(),
        ]

    def stop_view(self, request: HttpRequest) -> HttpResponse:
        self._demand_change(request)
        actions.emergency_stop(who(request), utc_now(), request.POST.get("reason", "").strip()[:300])
        messages.warning(request, "Emergency stop. Nothing acts until you resume; decided work waits.")
        return back(request)

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        self._demand_change(request)
        actions.resume(who(request), utc_now())
        messages.success(request, "Resumed. Waiting work is picked up within a minute.")
        return back(request)

    def mode_view(self, request: HttpRequest) -> HttpResponse:
        """POST name, mode: off, shadow or live."""
        self._demand_change(request)
        name = request.POST.get("name", "")
        try:
            mode = Mode(request.POST.get("mode", ""))
            actions.set_mode(name, mode, who(request), utc_now())
        except ValueError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{name} is {mode.value} from its next tick on.")
        return back(request, "admin:runs_automationentry_changelist")

    def run_view(self, request: HttpRequest) -> HttpResponse:
        """POST name, mode (live, dry_run), slot (UTC, empty for now): opens the run's page."""
        self._demand_change(request)
        now = utc_now()
        try:
            mode = RunMode(request.POST.get("mode", ""))
            slot = chosen_slot(request.POST.get("slot", ""), now)
            run = actions.request_run(request.POST.get("name", ""), slot, mode, who(request), now)
        except ValueError as refusal:
            messages.error(request, str(refusal))
            return back(request, "admin:runs_automationentry_changelist")
        messages.success(request, "Asked for. This page shows what comes of it.")
        return redirect(reverse("admin:runs_run_change", args=[run.pk]))

    def _demand_change(self, request: HttpRequest) -> None:
        if not self.may_change(request):
            raise PermissionDenied

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).exclude(name=EMERGENCY_STOP)


def chosen_slot(text: str, now: datetime) -> datetime:
    """A tick as typed in (UTC), or this moment. Raises ValueError with a sentence."""
    if not text:
        return now.replace(microsecond=0)
    slot = parse_datetime(text)
    if slot is None:
        raise ValueError(f"{text!r} is not a moment; write it as 2026-11-21 09:00.")
    slot = slot if slot.tzinfo else slot.replace(tzinfo=UTC)
    if slot > now:
        raise ValueError("A tick in the future cannot be run yet.")
    return slot


def stop_context(request: HttpRequest) -> dict[str, Any]:
    """For every page: the emergency stop while it is on, and whether this user may pull or lift it."""
    if not request.user.is_staff:
        return {}
    return {
        "emergency_stop": reads.stop_entry(),
        "may_stop": request.user.has_perm("runs.change_automationentry"),
    }
