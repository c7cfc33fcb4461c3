"""The catalogue, its switches, running by hand, and the emergency stop."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.core.modes import Mode, RunMode
from apps.runs import actions
from apps.runs.api.common import MayUse, answer, refused, who
from apps.runs.api.shapes import AutomationShape, ModeShape, RunNowShape, RunShape, StoppedShape, StopShape
from apps.runs.models import AutomationEntry
from apps.runs.models.catalogue import EMERGENCY_STOP


def catalogue() -> QuerySet[AutomationEntry]:
    return AutomationEntry.objects.exclude(name=EMERGENCY_STOP).order_by("name")


def existing(name: str) -> AutomationEntry:
    entry = catalogue().filter(name=name, retired=False).first() if "\0" not in name else None
    if entry is None:
        raise NotFound(f"There is no automation {name!r}.")
    return entry


class AutomationsView(ListAPIView[AutomationEntry]):
    """Every automation with its switch, schedule and manual. Not paged: there are dozens, not thousands."""

    permission_classes = [MayUse]
    model = "automationentry"
    serializer_class = AutomationShape
    pagination_class = None
    filter_backends = []
    queryset = catalogue()


class AutomationView(APIView):
    permission_classes = [MayUse]
    model = "automationentry"

    @extend_schema(operation_id="automations_retrieve", responses=AutomationShape)
    def get(self, request: Request, name: str) -> Response:
        return Response(AutomationShape(existing(name)).data)

    @extend_schema(operation_id="automations_switch", request=ModeShape, responses=AutomationShape)
    def patch(self, request: Request, name: str) -> Response:
        """Switches to off, shadow or live; takes effect with the next tick."""
        existing(name)
        asked = ModeShape(data=request.data)
        asked.is_valid(raise_exception=True)
        mode = Mode(asked.validated_data["mode"])
        actions.set_mode(name, mode, who(request), utc_now())
        return answer(AutomationShape(existing(name)).data, f"{name} is {mode.value} from its next tick on.")


class RunNowView(APIView):
    permission_classes = [MayUse]
    model = "automationentry"

    @extend_schema(operation_id="automations_run", request=RunNowShape, responses={202: RunShape})
    def post(self, request: Request, name: str) -> Response:
        """Asks for a run, now or for a past tick. A worker does it; look at the run for what came of it."""
        existing(name)
        asked = RunNowShape(data=request.data)
        asked.is_valid(raise_exception=True)
        now = utc_now()
        slot = asked.validated_data.get("slot", now.replace(microsecond=0))
        if slot > now:
            raise refused("A tick in the future cannot be run yet.")
        run = actions.request_run(name, slot, RunMode(asked.validated_data["mode"]), who(request), now)
        return answer(RunShape(run).data, "Asked for.", 202)


class EmergencyStopView(APIView):
    permission_classes = [MayUse]
    model = "automationentry"

    @extend_schema(operation_id="emergency_stop", request=StopShape, responses=StoppedShape)
    def post(self, request: Request) -> Response:
        """Nothing acts any more until it is resumed; decided work waits."""
        asked = StopShape(data=request.data)
        asked.is_valid(raise_exception=True)
        actions.emergency_stop(who(request), utc_now(), asked.validated_data["reason"])
        return answer({"stopped": True}, "Emergency stop. Nothing acts until it is resumed.")


class ResumeView(APIView):
    permission_classes = [MayUse]
    model = "automationentry"

    @extend_schema(operation_id="emergency_stop_resume", request=None, responses=StoppedShape)
    def post(self, request: Request) -> Response:
        actions.resume(who(request), utc_now())
        return answer({"stopped": False}, "Resumed.")
