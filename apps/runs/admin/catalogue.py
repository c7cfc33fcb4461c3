"""The catalogue's rows: what an automation is for, how it has been doing, what it has learned and used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.learning import Posterior
from apps.runs import dashboard_queries as reads
from apps.runs.cron_words import cron_words, next_slot
from apps.runs.dashboard_queries import Use
from apps.runs.models import AutomationEntry, Run
from apps.runs.models.catalogue import EMERGENCY_STOP


@dataclass(frozen=True, slots=True)
class Row:
    entry: AutomationEntry
    runs: Sequence[Run]
    schedule: str
    next: datetime | None
    learned: str
    limits: str

    @property
    def last(self) -> Run | None:
        return self.runs[0] if self.runs else None

    @property
    def dots(self) -> Sequence[Run]:
        """Oldest first, as a time line reads."""
        return self.runs[::-1]


def entries(now: datetime) -> list[tuple[str, list[Row]]]:
    """The catalogue by domain, retired ones last; five statements however many there are."""
    found = list(AutomationEntry.objects.exclude(name=EMERGENCY_STOP).order_by("retired", "name"))
    runs = reads.recent_runs([entry.name for entry in found])
    learned, used = reads.posteriors(), reads.used(now)
    groups: dict[str, list[Row]] = {}
    for entry in found:
        domain = "retired" if entry.retired else entry.name.partition(".")[0]
        row = _row(entry, runs.get(entry.name, []), learned, used.get(entry.name, Use()), now)
        groups.setdefault(domain, []).append(row)
    return list(groups.items())


def entry_row(entry: AutomationEntry, now: datetime) -> Row:
    runs = reads.recent_runs([entry.name]).get(entry.name, [])
    return _row(entry, runs, reads.posteriors(), reads.used(now).get(entry.name, Use()), now)


def _row(
    entry: AutomationEntry, runs: Sequence[Run], learned: Mapping[str, Posterior], use: Use, now: datetime
) -> Row:
    return Row(
        entry=entry,
        runs=runs,
        schedule=cron_words(entry.schedule),
        next=None if entry.retired else next_slot(entry.schedule, now),
        learned=_learned(learned.get(str(entry.declared.get("change_type", "")))),
        limits=limits_words(entry.declared.get("limits") or {}, use),
    )


def _learned(posterior: Posterior | None) -> str:
    if posterior is None or posterior.successes + posterior.failures == 0:
        return ""
    allowed = "must ask" if posterior.forbids() else "may act by itself"
    return f"{posterior.sentence()}: {allowed}"


def limits_words(limits: Mapping[str, Any], use: Use) -> str:
    """ "3 of 100 this hour, 12 of 500 today"."""
    said = []
    if limits.get("per_hour") is not None:
        said.append(f"{use.hour_actions:,} of {limits['per_hour']:,} this hour")
    if limits.get("per_day") is not None:
        said.append(f"{use.day_actions:,} of {limits['per_day']:,} today")
    if limits.get("money_minor_per_day") is not None:
        said.append(f"{use.day_money_minor / 100:,.2f} of {limits['money_minor_per_day'] / 100:,.2f} today")
    return ", ".join(said)
