"""The operator's pages about customers."""

from apps.customers.admin import customers, held, imports

__all__ = ["customers", "held", "imports"]
