"""Customers, their usage and activity."""
