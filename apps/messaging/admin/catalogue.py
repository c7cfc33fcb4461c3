"""Every template with a preview, filled with its sample."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from apps.messaging.compose.mime import compiled
from apps.messaging.compose.placeholders import TemplateError
from apps.messaging.compose.source import about, locales, names
from apps.messaging.conf import brand
from apps.messaging.preview import SAMPLE_UNSUBSCRIBE


def urls(page: ModelAdmin) -> list[URLPattern]:
    def view(request: HttpRequest, name: str = "") -> TemplateResponse:
        if not page.has_view_permission(request):
            raise PermissionDenied
        context = {**page.admin_site.each_context(request), "opts": page.model._meta}
        return _template(request, context, name) if name else _list(request, context)

    guarded = page.admin_site.admin_view(view)
    return [
        path("templates/", guarded, name="messaging_templates"),
        path("templates/<slug:name>/", guarded, name="messaging_template"),
    ]


def _list(request: HttpRequest, context: dict[str, Any]) -> TemplateResponse:
    rows = []
    for name in names():
        entry = about(name)
        rows.append({"entry": entry, "subject": compiled(name, "en", brand()).subject_line(entry.sample)})
    return TemplateResponse(
        request, "messaging/templates.html", {**context, "title": "E-mail templates", "rows": rows}
    )


def _template(request: HttpRequest, context: dict[str, Any], name: str) -> TemplateResponse:
    try:
        entry = about(name)
    except TemplateError as problem:
        raise Http404(str(problem)) from problem
    known = locales(name)
    wanted = request.GET.get("locale", "en")
    template = compiled(name, wanted if wanted in known else "en", brand())
    return TemplateResponse(
        request,
        "messaging/template.html",
        {
            **context,
            "title": entry.title,
            "entry": entry,
            "locales": known,
            "template": template,
            "needed": sorted({gap.name for gap in template.gaps if gap.default is None}),
            "optional": sorted({gap.name for gap in template.gaps if gap.default is not None}),
            "rendered": template.render(entry.sample, SAMPLE_UNSUBSCRIBE),
        },
    )
