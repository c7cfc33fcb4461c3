"""Events that wait for a customer nobody has told us of."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.customers.models import HeldEvent
from apps.runs.admin.base import RecordAdmin


@admin.register(HeldEvent)
class HeldEventAdmin(RecordAdmin):
    page_template = "customers/held.html"
    list_display = ("external_id", "kind", "quantity", "occurred_at", "received_at")
    list_filter = ("kind",)
    search_fields = ("external_id__startswith",)
    search_help_text = "The beginning of an external id"
    ordering = ("-received_at", "key")
    sortable_by = ("received_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
