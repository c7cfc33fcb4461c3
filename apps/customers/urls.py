"""Below /api/v1/."""

from django.urls import path

from apps.customers.api.customers import CustomersView, CustomerView, UsageView
from apps.customers.api.events import EventsView

urlpatterns = [
    path("customers/", CustomersView.as_view(), name="customers"),
    path("customers/<path:external_id>/usage", UsageView.as_view(), name="customer-usage"),
    path("customers/<path:external_id>", CustomerView.as_view(), name="customer"),
    path("events/", EventsView.as_view(), name="events"),
]
