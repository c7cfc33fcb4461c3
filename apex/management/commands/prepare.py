"""Before the processes start: migrations, and the operator's account."""

from __future__ import annotations

import json
import os
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from apex.celery import QUEUE_GROUPS


class Command(BaseCommand):
    help = (
        "Applies migrations and makes the operator's account where there is none, with the password in "
        "APEX_OPERATOR_PASSWORD. The last line of its output is JSON for the process that starts the rest."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", default="operator", help="the account's name")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            raise CommandError(f"the database does not answer: {error}") from error
        made = self._operator(options["operator"], os.environ.get("APEX_OPERATOR_PASSWORD", ""))
        groups = {name: [list(group.queues), group.concurrency] for name, group in QUEUE_GROUPS.items()}
        self.stdout.write(json.dumps({"operator_made": made, "queue_groups": groups}))

    def _operator(self, name: str, password: str) -> bool:
        users = get_user_model().objects
        if not password or users.filter(is_superuser=True).exists():
            return False
        users.create_superuser(username=name, email=os.environ.get("OPERATOR_EMAIL", ""), password=password)
        return True
