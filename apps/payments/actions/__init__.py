"""Writes of payments; all of them run in the caller's transaction, where an automation closes its effects."""
