"""manage.py create_api_key NAME --scope events:write: prints a new key, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.access.actions import issue_key
from apps.access.policy import DEFAULT_RATE, SCOPES
from apps.core.clock import utc_now


class Command(BaseCommand):
    help = "Makes an API key and prints it. It is shown once and stored nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="who or what will use it")
        parser.add_argument(
            "--scope",
            action="append",
            dest="scopes",
            metavar="SCOPE",
            help=f"may be repeated: {', '.join(SCOPES)}",
        )
        parser.add_argument("--rate", type=int, default=DEFAULT_RATE, help="requests a minute")
        parser.add_argument("--days", type=int, help="days until it expires; never, if left out")

    def handle(self, *_: Any, **given: Any) -> None:
        now = utc_now()
        expires = now + timedelta(days=given["days"]) if given["days"] else None
        if given["rate"] < 1:
            raise CommandError("--rate must be at least 1")
        try:
            issued = issue_key(
                given["name"],
                given["scopes"] or [],
                now,
                rate_per_minute=given["rate"],
                expires_at=expires,
                created_by="command",
            )
        except ValueError as error:
            raise CommandError(f"{error}; scopes are {', '.join(SCOPES)}") from None
        self.stdout.write(issued.token)
        self.stderr.write(f"{issued.key.name}: {', '.join(issued.key.scopes)}. This key is not shown again.")
