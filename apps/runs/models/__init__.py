"""What the autopilot did, is doing and asks."""

from apps.runs.models.catalogue import Alert, AutomationEntry, Confidence, Heartbeat, HourlyUse
from apps.runs.models.effects import Effect, EffectState, EvolutionEntry, Observation, ObservationState
from apps.runs.models.proposals import Proposal, ProposalStatus
from apps.runs.models.runs import Batch, BatchState, Run, RunState, Step, Trigger

__all__ = [
    "Alert",
    "AutomationEntry",
    "Batch",
    "BatchState",
    "Confidence",
    "Effect",
    "EffectState",
    "EvolutionEntry",
    "Heartbeat",
    "HourlyUse",
    "Observation",
    "ObservationState",
    "Proposal",
    "ProposalStatus",
    "Run",
    "RunState",
    "Step",
    "Trigger",
]
