"""The sidebar: the operator's words first, then what each app has registered."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from apps.runs import dashboard_queries as reads

# Group → apps whose registered models are listed under it, with the icon of each model.
_GROUPS = {
    "Customers": ("customers", "growth", "experiments", "support", "marketing", "enterprise"),
    "Money": ("payments", "billing", "finance", "multipliers"),
    "Messages": ("messaging",),
    "Platform": ("platform",),
    "Settings": ("access", "auth", "axes"),
}
_ICONS = {
    "Customers": "group",
    "Money": "payments",
    "Messages": "mail",
    "Platform": "database",
    "Settings": "settings",
}
_QUIET = {"accesslog", "accessfailurelog"}  # kept, but not worth a line in the sidebar


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's navigation: only what this user may see."""
    groups: list[dict[str, Any]] = [{"title": "", "items": _autopilot(request)}]
    for title, apps in _GROUPS.items():
        items = [item for app in apps for item in _models_of(request, app, _ICONS[title])]
        if title == "Settings":
            items = [*_learned(request), *items, *_outside()]
        if items:
            groups.append({"title": title, "collapsible": True, "items": items})
    return groups


def _autopilot(request: HttpRequest) -> list[dict[str, Any]]:
    items = [_item("Home", "home", reverse("admin:index"))]
    if request.user.has_perm("runs.view_proposal"):
        approvals = _item("Approvals", "inbox", _list("proposal") + "?status__exact=pending")
        waiting = reads.bounded_count(reads.pending())
        if waiting:
            approvals |= {"badge": f"{reads.COUNTED:,}+" if waiting > reads.COUNTED else str(waiting)}
            approvals |= {"badge_variant": "primary", "badge_style": "solid"}
        items.append(approvals)
    for model, title, icon, query in (
        ("automationentry", "Automations", "smart_toy", ""),
        ("run", "Runs", "play_circle", ""),
        ("effect", "Effects", "bolt", ""),
        ("evolutionentry", "Evolution log", "history", ""),
        ("alert", "Alerts", "notifications", "?state=open"),
    ):
        if request.user.has_perm(f"runs.view_{model}"):
            items.append(_item(title, icon, _list(model) + query))
    return items


def _models_of(request: HttpRequest, app: str, icon: str) -> list[dict[str, Any]]:
    found = []
    for model, model_admin in admin.site._registry.items():
        opts = model._meta
        if (
            opts.app_label != app
            or opts.model_name in _QUIET
            or not model_admin.has_module_permission(request)
        ):
            continue
        if not model_admin.has_view_permission(request):
            continue
        name = str(opts.verbose_name_plural)
        link = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        found.append(_item(name[:1].upper() + name[1:], icon, link))
    return sorted(found, key=lambda item: str(item["title"]))


def _learned(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.has_perm("runs.view_confidence"):
        return []
    return [_item("What was learned", "school", _list("confidence"))]


def _outside() -> list[dict[str, Any]]:
    """Pages that are not the admin's: they are there only where they are set up."""
    pages = [
        ("Jobs (Flower)", "monitoring", settings.FLOWER_URL),
        ("Mailbox", "drafts", settings.MAILBOX_URL),
    ]
    return [_item(title, icon, url) for title, icon, url in pages if url] + [
        _item("API", "api", reverse("docs")),
    ]


def _list(model: str) -> str:
    return reverse(f"admin:runs_{model}_changelist")


def _item(title: str, icon: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link}
