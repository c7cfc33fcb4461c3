"""Every address of Apex. An app's ``urls`` come under /api/v1/, its ``public_urls`` at the root."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from apex.views import health, metrics


def _of_apps(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    # An app higher up the ladder may add to the addresses of a lower one, whose catch-all must come later.
    found = [f"{app}.{module}" for app in reversed(settings.OUR_APPS) if find_spec(f"{app}.{module}")]
    return [path(prefix, include(name)) for name in found]


urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("health", health, name="health"),
    path("metrics", metrics, name="metrics"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    *_of_apps("api/v1/", "urls"),
    *_of_apps("", "public_urls"),
]
