"""Customers and their contacts, events, daily usage, and the reports of imports."""

from apps.customers.models.customer import (
    Access,
    Contact,
    ContactRole,
    Customer,
    CustomerStatus,
    LifecycleStage,
    Plan,
)
from apps.customers.models.imports import ImportReport
from apps.customers.models.usage import Event, EventKey, HeldEvent, UsageDaily

__all__ = [
    "Access",
    "Contact",
    "ContactRole",
    "Customer",
    "CustomerStatus",
    "Event",
    "EventKey",
    "HeldEvent",
    "ImportReport",
    "LifecycleStage",
    "Plan",
    "UsageDaily",
]
