"""Below /api/v1/."""

from django.urls import path

from apps.payments.api import EntitlementView

urlpatterns = [path("entitlements/<path:external_id>", EntitlementView.as_view(), name="entitlement")]
