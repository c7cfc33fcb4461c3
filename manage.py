#!/usr/bin/env python
"""Django's commands. Settings are production's unless the environment or .env say otherwise;
in a checkout whose demonstration runs (`make run`), commands reach that demonstration."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
RUNNING_DEMONSTRATION = ROOT / ".apex" / "demo.env"


def choose_settings() -> None:
    configured = {"DJANGO_SETTINGS_MODULE", "SECRET_KEY", "DATABASE_URL"} & os.environ.keys()
    if not configured and not (ROOT / ".env").exists() and RUNNING_DEMONSTRATION.exists():
        for line in RUNNING_DEMONSTRATION.read_text().splitlines():
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apex.settings.production")


def main() -> None:
    choose_settings()
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - a sentence when missing
    except ImportError:
        sys.exit("apex: Django is not installed here; run `make install` and use .venv/bin/python.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
