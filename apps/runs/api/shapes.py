"""What goes in and out, as the OpenAPI description shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.modes import Mode, RunMode
from apps.runs.models import AutomationEntry, EvolutionEntry, Proposal, ProposalStatus, Run


class AutomationShape(serializers.ModelSerializer[AutomationEntry]):
    class Meta:
        model = AutomationEntry
        fields = (
            "name", "kind", "mode", "summary", "queue", "schedule", "cooldown_until", "manual",
            "declared", "editable", "retired", "changed_by", "changed_at",
        )  # fmt: skip
        read_only_fields = [name for name in fields if name != "mode"]


class ModeShape(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=[mode.value for mode in Mode])


class RunNowShape(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(
        choices=[RunMode.LIVE.value, RunMode.DRY_RUN.value], default=RunMode.LIVE.value
    )
    slot = serializers.DateTimeField(required=False, help_text="A past tick (UTC); now, if left out")


class RunShape(serializers.ModelSerializer[Run]):
    class Meta:
        model = Run
        fields = (
            "id", "automation", "slot", "mode", "trigger", "state", "requested_by", "created_at",
            "started_at", "finished_at", "seen", "acted", "asked", "skipped", "failed", "skip_reasons",
            "counts", "error",
        )  # fmt: skip
        read_only_fields = fields


class ProposalShape(serializers.ModelSerializer[Proposal]):
    class Meta:
        model = Proposal
        fields = (
            "id", "automation", "change_type", "effect_key", "customer_id", "title", "reason",
            "waits_because", "evidence", "expected", "way_back", "confidence_score", "risk_score",
            "params", "status", "review_notes", "reviewed_by", "reviewed_at", "snoozed_until",
            "created_at", "executed_at", "result",
        )  # fmt: skip
        read_only_fields = fields


class EditShape(serializers.Serializer[Any]):
    params = serializers.DictField(child=serializers.JSONField(), allow_empty=False)


class ApproveShape(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class RejectShape(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=500)


class SnoozeShape(serializers.Serializer[Any]):
    until = serializers.DateTimeField(help_text="A moment in the future (UTC)")


class EvolutionShape(serializers.ModelSerializer[EvolutionEntry]):
    class Meta:
        model = EvolutionEntry
        fields = (
            "id", "timestamp", "change_type", "automation", "description", "reason", "inputs", "rule",
            "confidence", "risk", "approved_by", "success", "outcome", "way_back", "effect_key",
            "customer_id",
        )  # fmt: skip
        read_only_fields = fields


class StopShape(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class StoppedShape(serializers.Serializer[Any]):
    stopped = serializers.BooleanField()


PROPOSAL_STATUSES = [status.value for status in ProposalStatus]
