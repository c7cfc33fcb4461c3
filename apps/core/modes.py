"""Off, shadow, live: how far an automation may go (ENG-6)."""

from enum import StrEnum


class Mode(StrEnum):
    OFF = "off"
    SHADOW = "shadow"  # decide and record, touch nothing
    LIVE = "live"


class RunMode(StrEnum):
    """How one run was started: a live run may act, the others stop before ``act``."""

    LIVE = "live"
    SHADOW = "shadow"
    DRY_RUN = "dry_run"
