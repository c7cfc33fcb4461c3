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

__all__ = ["Access", "Contact", "ContactRole", "Customer", "CustomerStatus", "LifecycleStage", "Plan"]
