"""The page behind the unsubscribe link. Scanners follow links, so looking at it changes nothing."""

from __future__ import annotations

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from apps.core.clock import utc_now
from apps.messaging import unsubscribe
from apps.messaging.actions import unsubscribe as stop_marketing
from apps.messaging.conf import brand


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class Unsubscribe(View):
    """GET shows a button, POST acts. A mail program's one click (RFC 8058) posts without a cookie or a
    CSRF token; the signed link is what proves the right to do it."""

    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._answer(request, token, act=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        return self._answer(request, token, act=True)

    def _answer(self, request: HttpRequest, token: str, *, act: bool) -> HttpResponse:
        house = brand()
        try:
            address, customer_id = unsubscribe.read(token)
        except BadSignature:
            context = {"brand": house, "state": "wrong"}
            return render(request, "messaging/unsubscribe.html", context, status=404)
        if act:
            stop_marketing(address, customer_id, now=utc_now())
        context = {"brand": house, "state": "done" if act else "ask", "address": address}
        return render(request, "messaging/unsubscribe.html", context)
