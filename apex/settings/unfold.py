"""The look of the admin, and its navigation in the operator's words."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

# Petrol on cool grey; 600 on white is 5.6 : 1.
_PRIMARY = {
    "50": "oklch(97.5% .014 200)",
    "100": "oklch(94.5% .03 200)",
    "200": "oklch(89.5% .055 200)",
    "300": "oklch(82% .085 200)",
    "400": "oklch(72% .105 202)",
    "500": "oklch(60% .1 205)",
    "600": "oklch(50% .088 208)",
    "700": "oklch(43% .075 210)",
    "800": "oklch(37% .062 212)",
    "900": "oklch(32% .05 214)",
    "950": "oklch(23% .036 216)",
}

FORMAT_MODULE_PATH = ["apex.formats"]


def _styles(_request: HttpRequest) -> str:
    return static("runs/apex.css")


def _favicon(_request: HttpRequest) -> str:
    return static("runs/favicon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Apex",
    "SITE_HEADER": "Apex",
    "SITE_SUBHEADER": "Autopilot",
    "SITE_SYMBOL": "flight_takeoff",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _PRIMARY},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
    "STYLES": [_styles],
    "DASHBOARD_CALLBACK": "apps.runs.admin.home.home_context",
    "GLOBAL_CALLBACK": "apps.runs.admin.automations.stop_context",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "apex.dashboard.navigation",
    },
    "COMMAND": {"search_models": False, "show_history": False},
}
