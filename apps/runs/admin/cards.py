"""A proposal as the operator sees it: what may be edited, with today's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.runs.models import AutomationEntry, Proposal, ProposalStatus
from apps.runs.people import attach


@dataclass(frozen=True, slots=True)
class EditField:
    name: str
    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Card:
    proposal: Proposal
    fields: tuple[EditField, ...]

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The first eight lines of the evidence; the rest is on the proposal's own page."""
        return dict(list(self.proposal.evidence.items())[:8])

    @property
    def open(self) -> bool:
        """Whether it can still be approved or rejected."""
        return self.proposal.status in (ProposalStatus.PENDING, ProposalStatus.SNOOZED, ProposalStatus.FAILED)

    @property
    def editable(self) -> bool:
        return bool(self.fields) and self.proposal.status in (ProposalStatus.PENDING, ProposalStatus.SNOOZED)


def cards(proposals: Sequence[Proposal]) -> list[Card]:
    """One card each, with one query for what their automations let the operator edit, one for customers."""
    names = {proposal.automation for proposal in proposals}
    editable = dict(AutomationEntry.objects.filter(name__in=names).values_list("name", "editable"))
    return [
        Card(proposal, _fields(proposal, editable.get(proposal.automation) or []))
        for proposal in attach(proposals)
    ]


def _fields(proposal: Proposal, editable: Sequence[Mapping[str, str]]) -> tuple[EditField, ...]:
    return tuple(
        EditField(field["name"], field.get("label") or field["name"], proposal.params.get(field["name"], ""))
        for field in editable
    )
