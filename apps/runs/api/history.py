"""What was done: runs and the evolution log. Read only."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView, RetrieveAPIView

from apps.core.modes import RunMode
from apps.runs.api.common import MayUse, Newest, refused
from apps.runs.api.shapes import EvolutionShape, RunShape
from apps.runs.models import EvolutionEntry, Run, RunState

RUN_STATES = [state.value for state in RunState]
RUN_MODES = [mode.value for mode in RunMode]


class NewestEntries(Newest):
    ordering = ("-timestamp", "-id")


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("automation", str),
            OpenApiParameter("state", enum=RUN_STATES),
            OpenApiParameter("mode", enum=RUN_MODES),
        ]
    )
)
class RunsView(ListAPIView[Run]):
    """Every run of every automation, newest first."""

    permission_classes = [MayUse]
    model = "run"
    serializer_class = RunShape
    pagination_class = Newest
    filter_backends = []
    queryset = Run.objects.all()

    def get_queryset(self) -> QuerySet[Run]:
        rows = Run.objects.all()
        for name, allowed in (("automation", None), ("state", RUN_STATES), ("mode", RUN_MODES)):
            value = self.request.query_params.get(name)
            if not value:
                continue
            if allowed is not None and value not in allowed:
                raise refused(f"{name} is one of {', '.join(allowed)}.")
            rows = rows.filter(**{name: value})
        return rows


class RunView(RetrieveAPIView[Run]):
    permission_classes = [MayUse]
    model = "run"
    serializer_class = RunShape
    queryset = Run.objects.all()


@extend_schema_view(
    get=extend_schema(parameters=[OpenApiParameter("automation", str), OpenApiParameter("change_type", str)])
)
class EvolutionLogView(ListAPIView[EvolutionEntry]):
    """Every automatic change: what, why, who approved, outcome, way back. Append only; newest first."""

    permission_classes = [MayUse]
    model = "evolutionentry"
    serializer_class = EvolutionShape
    pagination_class = NewestEntries
    filter_backends = []
    queryset = EvolutionEntry.objects.all()

    def get_queryset(self) -> QuerySet[EvolutionEntry]:
        rows = EvolutionEntry.objects.all()
        for name in ("automation", "change_type"):
            if value := self.request.query_params.get(name):
                rows = rows.filter(**{name: value})
        return rows
