"""Announcing work to the workers after commit. The message is only a hint: the sweeper finds
whatever was not announced, or whose announcement was lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from django.db import transaction

# What a message can ask for: look for due work, look at one batch, proposal, effect or observation, or settle
# every effect of the automation that is in doubt.
Kind = Literal["wake", "batch", "proposal", "effect", "doubts", "observation"]
Announcer = Callable[[str, Kind, str], None]

_announcers: list[tuple[Announcer, bool]] = []


def use_announcer(announcer: Announcer, *, after_commit: bool = True) -> None:
    """Called by the wiring: how (automation, kind, id) reaches the workers. It must not raise.

    ``after_commit`` False is for one process that works its list off by itself, later (the virtual
    clock): there a rolled-back announcement finds nothing due.
    """
    _announcers[:] = [(announcer, after_commit)]


def announce(automation: str, kind: Kind, ident: str) -> None:
    """Tells the workers, as soon as the current transaction is committed."""
    for announcer, after_commit in _announcers:
        tell = partial(announcer, automation, kind, ident)
        if after_commit:
            transaction.on_commit(tell)
        else:
            tell()


def wake(automation: str) -> None:
    """Asks for a run of ``automation`` as soon as the current transaction is committed."""
    announce(automation, "wake", "")
