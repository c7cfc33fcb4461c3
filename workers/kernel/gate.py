"""Whether an automation may act now: its switch, the emergency stop, a cooldown (ENG-6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.core.modes import Mode
from apps.runs.models import AutomationEntry
from apps.runs.models.catalogue import EMERGENCY_STOP


@dataclass(frozen=True, slots=True)
class Gate:
    mode: Mode
    reason: str = ""
    cooling: bool = False

    @property
    def live(self) -> bool:
        return self.mode is Mode.LIVE

    @property
    def may_finish(self) -> bool:
        """A cooldown stops new actions only: doubts are settled, harm is undone, approvals are carried out."""
        return self.live or self.cooling


def gate(name: str, declared: Mode, *, now: datetime) -> Gate:
    """The mode in force. An automation that has no row yet goes by its declaration."""
    rows = {
        row.name: row
        for row in AutomationEntry.objects.filter(name__in=[name, EMERGENCY_STOP]).only(
            "name", "mode", "cooldown_until"
        )
    }
    stop, entry = rows.get(EMERGENCY_STOP), rows.get(name)
    if stop is not None and stop.mode == Mode.OFF:
        return Gate(Mode.OFF, "emergency stop")
    mode = Mode(entry.mode) if entry else declared
    if mode is Mode.OFF:
        return Gate(Mode.OFF, "switched off")
    if entry is not None and entry.cooldown_until is not None and entry.cooldown_until > now:
        until = f"{entry.cooldown_until:%Y-%m-%d %H:%M} UTC"
        return Gate(Mode.SHADOW, f"cooling down until {until} after a failure", cooling=mode is Mode.LIVE)
    return Gate(mode)
