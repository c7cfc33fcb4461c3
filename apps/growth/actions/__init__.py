"""Writes of growth; one transaction each."""
