"""The operator's pages about the autopilot."""

from apps.runs.admin import alerts, automations, effects, home, proposals, runs

__all__ = ["alerts", "automations", "effects", "home", "proposals", "runs"]
