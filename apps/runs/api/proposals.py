"""The approvals inbox: list, one, approve, reject, snooze, edit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.core.clock import utc_now
from apps.runs import actions
from apps.runs.api.common import MayUse, Newest, answer, refused, who
from apps.runs.api.shapes import (
    PROPOSAL_STATUSES,
    ApproveShape,
    EditShape,
    ProposalShape,
    RejectShape,
    SnoozeShape,
)
from apps.runs.models import Proposal


class Decided(APIException):
    status_code = 409
    default_code = "decided"


class NewestProposals(Newest):
    ordering = ("-created_at", "-id")


@extend_schema_view(
    get=extend_schema(
        parameters=[OpenApiParameter("status", enum=PROPOSAL_STATUSES), OpenApiParameter("automation", str)]
    )
)
class ProposalsView(ListAPIView[Proposal]):
    """What waits for approval, and what became of the rest; newest first."""

    permission_classes = [MayUse]
    model = "proposal"
    serializer_class = ProposalShape
    pagination_class = NewestProposals
    filter_backends = []
    queryset = Proposal.objects.all()

    def get_queryset(self) -> QuerySet[Proposal]:
        asked = self.request.query_params
        rows = Proposal.objects.all()
        if status := asked.get("status"):
            if status not in PROPOSAL_STATUSES:
                raise refused(f"status is one of {', '.join(PROPOSAL_STATUSES)}.")
            rows = rows.filter(status=status)
        return rows.filter(automation=asked["automation"]) if asked.get("automation") else rows


class ProposalView(APIView):
    permission_classes = [MayUse]
    model = "proposal"

    @extend_schema(operation_id="proposals_retrieve", responses=ProposalShape)
    def get(self, request: Request, ident: UUID) -> Response:
        return Response(ProposalShape(existing(ident)).data)

    @extend_schema(operation_id="proposals_edit", request=EditShape, responses=ProposalShape)
    def patch(self, request: Request, ident: UUID) -> Response:
        """Replaces parameters of a proposal that still waits; which ones may be, its automation says."""
        existing(ident)
        params = _read(EditShape, request)["params"]
        try:
            actions.edit(ident, params, who(request), utc_now())
        except ValueError as refusal:
            raise refused(str(refusal)) from None
        return answer(ProposalShape(existing(ident)).data, "Saved. It still waits for approval.")


class ApproveView(APIView):
    permission_classes = [MayUse]
    model = "proposal"

    @extend_schema(operation_id="proposals_approve", request=ApproveShape, responses=ProposalShape)
    def post(self, request: Request, ident: UUID) -> Response:
        existing(ident)
        note = _read(ApproveShape, request)["note"]
        return _decided(ident, actions.approve([ident], who(request), utc_now(), note), "Approved.")


class RejectView(APIView):
    permission_classes = [MayUse]
    model = "proposal"

    @extend_schema(operation_id="proposals_reject", request=RejectShape, responses=ProposalShape)
    def post(self, request: Request, ident: UUID) -> Response:
        existing(ident)
        note = _read(RejectShape, request)["note"]
        return _decided(ident, actions.reject([ident], who(request), utc_now(), note), "Rejected.")


class SnoozeView(APIView):
    permission_classes = [MayUse]
    model = "proposal"

    @extend_schema(operation_id="proposals_snooze", request=SnoozeShape, responses=ProposalShape)
    def post(self, request: Request, ident: UUID) -> Response:
        existing(ident)
        until = _read(SnoozeShape, request)["until"]
        try:
            many = actions.snooze([ident], until, who(request), utc_now())
        except ValueError as refusal:
            raise refused(str(refusal)) from None
        return _decided(ident, many, f"Snoozed until {until:%Y-%m-%d %H:%M} UTC.")


def existing(ident: UUID) -> Proposal:
    proposal = Proposal.objects.filter(id=ident).first()
    if proposal is None:
        raise NotFound(f"There is no proposal {ident}.")
    return proposal


def _read(shape: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    found: dict[str, Any] = asked.validated_data
    return found


def _decided(ident: UUID, many: int, message: str) -> Response:
    proposal = existing(ident)
    if not many:
        raise Decided(f"This proposal is {proposal.status}; it was decided before.")
    return answer(ProposalShape(proposal).data, message)
