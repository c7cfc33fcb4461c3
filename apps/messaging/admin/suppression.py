"""Addresses that are not written to. The operator may enter one, and take one off again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apps.core.clock import utc_now
from apps.messaging.compose.headers import is_address
from apps.messaging.models import Suppression, SuppressionReason, SuppressionScope
from apps.runs.admin.base import BoundedPaginator

TONES = {"bounced": "danger", "complained": "danger", "unsubscribed": "info"}


class SuppressionForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Suppression
        fields = ("address", "scope", "detail")

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip().lower()
        if not is_address(address):
            raise forms.ValidationError("Enter one e-mail address, such as ada@example.com.")
        return address


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):
    form = SuppressionForm
    paginator = BoundedPaginator
    show_full_result_count = False
    list_display = ("address", "shown_reason", "shown_scope", "detail", "created_at")
    list_filter = ("reason", "scope")
    search_fields = ("address",)
    ordering = ("-created_at",)
    list_per_page = 50

    @display(description="Reason", label=TONES)
    def shown_reason(self, row: Suppression) -> tuple[str, str]:
        return row.reason, str(row.get_reason_display())

    @admin.display(description="Stops")
    def shown_scope(self, row: Suppression) -> str:
        return row.get_scope_display()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"scope": SuppressionScope.ALL}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        obj.reason, obj.created_at = SuppressionReason.MANUAL, utc_now()
        super().save_model(request, obj, form, change)
