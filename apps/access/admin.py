"""API keys: made here and shown once, revoked by a POST."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.decorators import display

from apps.access.actions import issue_key, revoke_key
from apps.access.models import ApiKey
from apps.access.policy import DEFAULT_RATE, SCOPES, why_unusable
from apps.core.clock import utc_now
from apps.runs.admin.base import RecordAdmin, back, who


class KeyForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="Who or what will use it")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {what}") for scope, what in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    rate_per_minute = forms.IntegerField(min_value=1, max_value=1_000_000, initial=DEFAULT_RATE)
    expires_at = forms.DateTimeField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="UTC; never, if left empty"
    )

    def clean_expires_at(self) -> datetime | None:
        expires: datetime | None = self.cleaned_data["expires_at"]
        if expires is not None and expires <= utc_now():
            raise forms.ValidationError("That is over already")
        return expires


@admin.register(ApiKey)
class ApiKeyAdmin(RecordAdmin):
    page_template = "access/key.html"
    change_list_template = "access/keys.html"
    list_display = ("name", "shown_prefix", "shown_state", "shown_scopes", "rate_per_minute", "last_used_at")
    search_fields = ("name", "prefix")
    ordering = ("-created_at",)
    sortable_by = ("name", "last_used_at")

    @admin.display(description="Begins with")
    def shown_prefix(self, key: ApiKey) -> str:
        return f"apex_{key.prefix}_…"

    @admin.display(description="Scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description="State", label={"in use": "success", "ended": "danger"})
    def shown_state(self, key: ApiKey) -> str:
        return "ended" if why_unusable(key.revoked_at, key.expires_at, utc_now()) else "in use"

    def record_context(self, request: HttpRequest, record: ApiKey) -> dict[str, Any]:
        return {"ended": why_unusable(record.revoked_at, record.expires_at, utc_now())}

    def get_urls(self) -> list[URLPattern]:
        new = self.admin_site.admin_view(never_cache(self.new_view))
        revoke = self.admin_site.admin_view(require_POST(self.revoke_view))
        return [
            path("new/", new, name="access_apikey_new"),
            path("<int:ident>/revoke/", revoke, name="access_apikey_revoke"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """GET: the form. POST: makes the key and shows it, this once."""
        if not request.user.has_perm("access.add_apikey"):
            raise PermissionDenied
        form = KeyForm(request.POST or None)
        issued = None
        if request.method == "POST" and form.is_valid():
            issued = issue_key(now=utc_now(), created_by=who(request), **form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "New API key",
            "form": form,
            "issued": issued,
        }
        return TemplateResponse(request, "access/new_key.html", context)

    def revoke_view(self, request: HttpRequest, ident: int) -> HttpResponse:
        if not self.may_change(request):
            raise PermissionDenied
        if revoke_key(ident, utc_now()):
            messages.success(request, "Revoked. From now on it is refused.")
        else:
            messages.warning(request, "That key was revoked before.")
        return back(request, "admin:access_apikey_changelist")
