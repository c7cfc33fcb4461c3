"""Below /api/v1/."""

from django.urls import path

from apps.growth.api import HealthView

urlpatterns = [
    path("customers/<path:external_id>/health", HealthView.as_view(), name="customer-health"),
]
