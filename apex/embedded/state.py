"""What is kept in .apex/ between starts: generated secrets, and the addresses for tools."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from apex.embedded.errors import CannotStart, disk_trouble

# Generated once. The names are those under which they are stored.
SECRETS = ("secret_key", "postgres", "redis", "flower", "stripe_webhook", "metrics")


def write_private(path: Path, text: str) -> None:
    """Writes ``path`` whole or not at all, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise disk_trouble(error, str(path)) from error


def load_secrets(path: Path) -> dict[str, str]:
    """The generated secrets by name; made on first use."""
    known: dict[str, str] = {}
    if path.exists():
        try:
            known = json.loads(path.read_text())
        except ValueError as error:
            raise CannotStart(
                f"{path} is damaged; restore it, or remove the folder to begin anew."
            ) from error
    missing = [name for name in SECRETS if name not in known]
    if missing:
        known |= {name: secrets.token_urlsafe(48 if name == "secret_key" else 18) for name in missing}
        write_private(path, json.dumps(known, indent=1))
    return known


def write_addresses(path: Path, addresses: Mapping[str, str]) -> None:
    write_private(path, json.dumps(dict(addresses), indent=1) + "\n")


def write_environment(path: Path, values: Mapping[str, str]) -> None:
    """KEY=value lines with which manage.py reaches the running demonstration."""
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))
