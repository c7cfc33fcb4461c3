"""POST /api/v1/events/: the hot path. msgspec reads, one statement stores."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.access.http import RawJson, raw_body
from apps.access.permissions import HasScope
from apps.core.clock import utc_now
from apps.customers.actions.ingest import take_batch
from apps.customers.api import described
from apps.customers.api.answers import partly
from apps.customers.conf import ingest_rules
from apps.customers.policy.batches import BadBatch, read_batch

LONGEST_KEY = 200


class EventsView(APIView):
    """Takes up to 1,000 events. One that is wrong is named in ``refused``, the others count. Sending the same
    events again, in whatever batches and order, changes nothing."""

    parser_classes = [RawJson]
    permission_classes = [cast(Any, HasScope("events:write"))]

    @extend_schema(
        operation_id="events_create",
        parameters=[described.IDEMPOTENCY_KEY],
        request=described.EventsShape,
        responses={200: described.TakenShape, 422: described.TakenShape},
    )
    def post(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > LONGEST_KEY:
            raise ValidationError({"Idempotency-Key": [f"at most {LONGEST_KEY} characters"]})
        now = utc_now()
        try:
            batch = read_batch(raw_body(request), key, now, ingest_rules())
        except BadBatch as error:
            raise ValidationError({"body": [str(error)]}) from None
        taken = take_batch(batch, now)
        data = {
            "accepted": taken.accepted,
            "duplicates": taken.duplicates,
            "held": taken.held,
            "refused": [{"index": bad.index, "reason": bad.reason} for bad in taken.refused],
        }
        return partly(data, taken.accepted + taken.duplicates + taken.held)
