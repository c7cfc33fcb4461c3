#!/usr/bin/env python
"""Django's commands. Settings are production unless DJANGO_SETTINGS_MODULE says otherwise."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apex.settings.production")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - a sentence when missing
    except ImportError:
        sys.exit("apex: Django is not installed here; run `make install` and use .venv/bin/python.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
