"""POST /webhooks/stripe: checks the signature on the raw body, stores, wakes, answers. Never calls Stripe."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.billing.actions import count_rejection, receive
from apps.billing.signature import BadSignature, verify
from apps.core.clock import utc_now

# Stripe's events are a few KB; the largest (an invoice of many lines) stay far below this.
MAX_BODY = 1_000_000  # bytes


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    now = utc_now()
    secret: str = getattr(settings, "STRIPE_WEBHOOK_SECRET", "")
    if not secret:
        return _answer("Set STRIPE_WEBHOOK_SECRET to take Stripe's events; Stripe sends this one again.", 503)
    body = _body(request)
    if body is None:
        count_rejection("too_large", now)
        return _answer(f"A body may have at most {MAX_BODY:,} bytes.", 413)
    try:
        verify(body, request.headers.get("Stripe-Signature", ""), secret, now)
    except BadSignature as error:
        count_rejection(str(error), now)
        return _answer("The signature does not fit.", 400)
    receive(body, now)
    return _answer("stored", 200)


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, None where it is too large or was not sent to its end."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY:
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    return body if len(body) <= MAX_BODY else None


def _answer(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
