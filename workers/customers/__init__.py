"""Automations over customers and their usage."""
