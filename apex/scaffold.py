"""What `make automation` writes: a file, its test, and a row in the schedule. Text in, text out."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"([a-z][a-z0-9]*)\.([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")
EVERY_DAY = "0 9 * * *"


@dataclass(frozen=True, slots=True)
class Names:
    """``billing.remind_overdue`` and what follows from it."""

    domain: str
    verb: str

    @property
    def cls(self) -> str:
        return "".join(part.capitalize() for part in self.verb.split("_"))

    @property
    def module(self) -> str:
        return f"workers.{self.domain}.{self.verb}"

    @property
    def words(self) -> str:
        return self.verb.replace("_", " ")


def parse(name: str) -> Names:
    """Raises ValueError with a sentence when ``name`` is not domain.verb_object."""
    matched = NAME.fullmatch(name)
    if not matched:
        raise ValueError(
            f"{name!r} is not a name; use domain.verb_object, for example billing.remind_overdue"
        )
    return Names(matched[1], matched[2])


def automation(names: Names) -> str:
    return f'''"""Say in one line what this does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apps.core.decision import Decision, skip
from apps.core.types import JsonObject
from workers.kernel.automation import Automation, FindContext
from workers.ports import Effects, Refused


@dataclass(frozen=True, slots=True)
class {names.cls}Facts:
    """What the rule needs to know of one subject. Move it to the app's queries, which fill it."""

    subject_id: int


class {names.cls}(Automation[{names.cls}Facts]):
    """Say in one sentence what changes for the business.

    Reads: which rows, of which app.
    Changes: exactly one effect on the outside, and which rows record it.
    To stop: switch it off; say what then waits.
    """

    name = "{names.domain}.{names.verb}"
    change_type = "{names.verb}"

    def find(self, ctx: FindContext) -> Iterable[{names.cls}Facts]:
        return ()  # a query of the app: what is due inside ctx.window, ascending by subject_id

    def decide(self, facts: {names.cls}Facts, *, now: datetime) -> Decision:
        return skip("the rule is not written yet")  # one call of a pure rule in the app's policy

    def key(self, facts: {names.cls}Facts) -> str:
        return f"{names.domain}:{names.verb}:{{facts.subject_id}}"

    def act(
        self, effects: Effects, facts: {names.cls}Facts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        raise Refused("{names.domain}.{names.verb} has no effect yet")
'''


def test(names: Names) -> str:
    return f'''"""{names.domain}.{names.verb} on the real kernel and database, with a scripted world."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from {names.module} import {names.cls}
from workers.kernel.testing import run_once

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_nobody_is_touched_when_nothing_is_due() -> None:
    run = run_once({names.cls}, now=NOW)
    assert (run.seen, run.acted, run.failed) == (0, 0, 0)
'''


def scheduled(table: str, names: Names) -> str:
    """``table`` (the text of beat_schedule.py) with the import and a row at 09:00 added.

    Raises ValueError when it is there already or the table does not look like one.
    """
    line = f"from {names.module} import {names.cls}"
    if line in table:
        raise ValueError(f"{names.domain}.{names.verb} is in the schedule already")
    imports = re.findall(r"^from workers\..+$", table, flags=re.MULTILINE)
    if not imports or not table.rstrip().endswith(")"):
        raise ValueError("beat_schedule.py does not end with its table; add the row by hand")
    ordered = sorted([*imports, line])
    start, end = table.index(imports[0]), table.index(imports[-1]) + len(imports[-1])
    head = table[:start] + "\n".join(ordered) + table[end:]
    return head.rstrip()[:-1] + f'    Row({names.cls}, "{EVERY_DAY}"),  # {names.words}\n)\n'
