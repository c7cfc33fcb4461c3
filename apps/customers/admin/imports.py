"""Uploading a file of customers: look at the mapping first, then import; and the reports of imports."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.decorators import display

from apps.core.clock import utc_now
from apps.customers.actions.imports import ImportOptions, import_csv
from apps.customers.models import ImportReport
from apps.customers.policy.csvfile import UnreadableFile, open_csv
from apps.customers.policy.mapping import FILE_FIELDS, BadMap, choose_map
from apps.runs.admin.base import RecordAdmin, who

LARGEST = 20 * 1024 * 1024  # bytes; larger files go through the command
PREVIEWED = 5  # lines


class UploadForm(forms.Form):
    file = forms.FileField(label="CSV file", help_text="UTF-8, UTF-16 or Latin-1; up to 20 MB")
    mapping = forms.JSONField(
        required=False, initial=dict, widget=forms.Textarea(attrs={"rows": 4}),
        label="Which column is which (optional)",
        help_text='As {"Their column": "our_field"}. Left as {}, it is found by the names of the columns.',
    )  # fmt: skip
    currency = forms.RegexField(
        "^[A-Za-z]{3}$", initial="USD", help_text="Of prices, where no column says it"
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError("Larger than 20 MB: use manage.py import_customers")
        return file

    def clean_mapping(self) -> Any:
        mapping = self.cleaned_data["mapping"]
        if mapping and not isinstance(mapping, dict):
            raise forms.ValidationError('It must be an object: {"column": "field"}')
        return mapping or {}


@admin.register(ImportReport)
class ImportReportAdmin(RecordAdmin):
    page_template = "customers/import_report.html"
    list_display = (
        "file_name",
        "started_at",
        "lines",
        "created",
        "updated",
        "unchanged",
        "shown_refused",
        "dry_run",
    )
    ordering = ("-started_at",)
    sortable_by = ("started_at",)
    change_list_template = "customers/imports.html"

    @display(description="Refused", label={True: "warning", False: "success"})
    def shown_refused(self, report: ImportReport) -> tuple[bool, str]:
        return bool(report.refused), str(report.refused)

    def get_urls(self) -> list[URLPattern]:
        upload = self.admin_site.admin_view(self.upload_view)
        return [path("upload/", upload, name="customers_importreport_upload"), *super().get_urls()]

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """GET: the form. POST step=preview: what would be read. POST step=import: does it."""
        if not request.user.has_perm("customers.add_importreport"):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        preview = None
        if request.method == "POST" and form.is_valid():
            try:
                if request.POST.get("step") == "import":
                    return self._import(request, form.cleaned_data)
                preview = _preview(form.cleaned_data)
            except (UnreadableFile, BadMap) as error:
                form.add_error(None, str(error))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Import customers",
            "form": form,
            "preview": preview,
            "fields": FILE_FIELDS,
        }
        return TemplateResponse(request, "customers/upload.html", context)

    def _import(self, request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
        options = ImportOptions(
            wanted=given["mapping"], currency=given["currency"], requested_by=who(request)
        )
        report = import_csv(given["file"].name, given["file"].read(), options, utc_now())
        messages.success(
            request, f"{report.created:,} created, {report.updated:,} updated, {report.refused:,} refused."
        )
        return redirect("admin:customers_importreport_change", report.pk)


def _preview(given: dict[str, Any]) -> dict[str, Any]:
    """The columns with the field each goes to and its first cells. Reads the file, writes nothing."""
    file = open_csv(given["file"].read())
    chosen = choose_map(file.columns, given["mapping"])
    lines = [
        line
        for _, line in zip(range(PREVIEWED), (one for one in file.lines() if not one.problem), strict=False)
    ]
    columns = [
        {
            "name": name,
            "field": chosen[name].field if name in chosen else "",
            "cells": [line.cells[place] for line in lines],
        }
        for place, name in enumerate(file.columns)
    ]
    mapping = {
        name: {"field": target.field, "values": dict(target.values)} if target.values else target.field
        for name, target in chosen.items()
    }
    return {
        "columns": columns,
        "encoding": file.encoding,
        "delimiter": {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(
            file.delimiter, file.delimiter
        ),
        "mapping": json.dumps(mapping),
    }
