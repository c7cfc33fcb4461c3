"""/api/v1/: automations, runs, proposals, evolution log and the emergency stop."""
