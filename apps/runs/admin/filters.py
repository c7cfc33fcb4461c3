"""List filters that take their choices from the catalogue, not from a DISTINCT over a big table."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.runs.models import AutomationEntry
from apps.runs.models.catalogue import EMERGENCY_STOP


class AutomationFilter(admin.SimpleListFilter):
    title = "automation"
    parameter_name = "automation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = AutomationEntry.objects.exclude(name=EMERGENCY_STOP).values_list("name", flat=True)
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(automation=self.value()) if self.value() else queryset
