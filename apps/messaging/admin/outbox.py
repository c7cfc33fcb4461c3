"""The outbox: what was sent, what was not and why, and the message itself."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.views.decorators.http import require_POST
from unfold.decorators import display

from apps.core.clock import utc_now
from apps.messaging.actions import queue_again
from apps.messaging.admin import catalogue
from apps.messaging.compose.source import title_of
from apps.messaging.models import MessageStatus, OutboxMessage
from apps.messaging.preview import preview_of
from apps.messaging.queries import with_attempts
from apps.runs.admin.base import RecordAdmin, back
from apps.runs.models import Effect

TONES = {
    "queued": "info",
    "sent": "success",
    "suppressed": "",
    "blocked": "warning",
    "failed": "danger",
    "unknown": "warning",
}


@admin.register(OutboxMessage)
class OutboxAdmin(RecordAdmin):
    page_template = "messaging/message.html"
    change_list_template = "messaging/outbox.html"
    list_display = ("to", "shown_template", "shown_status", "message_class", "tries", "when", "why_not")
    list_filter = ("status", "message_class", "template")
    search_fields = ("to", "dedupe_key", "message_id")
    search_help_text = "Recipient, dedupe key or Message-ID"
    ordering = ("-created_at", "-id")

    @admin.display(description="Template", ordering="template")
    def shown_template(self, message: OutboxMessage) -> str:
        return title_of(message.template)

    @display(description="Status", label=TONES)
    def shown_status(self, message: OutboxMessage) -> tuple[str, str]:
        return message.status, str(message.get_status_display())

    @admin.display(description="Sent, or due", ordering="due_at")
    def when(self, message: OutboxMessage) -> str:
        return date_format(message.sent_at or message.due_at, "j M Y, H:i")

    @admin.display(description="Tries")
    def tries(self, message: OutboxMessage) -> int:
        return int(getattr(message, "attempts", 0))

    @admin.display(description="Why it was not sent")
    def why_not(self, message: OutboxMessage) -> str:
        return (message.reason or (getattr(message, "last_error", "") if self._waits(message) else ""))[:120]

    @staticmethod
    def _waits(message: OutboxMessage) -> bool:
        return message.status == MessageStatus.QUEUED

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        return with_attempts(super().get_queryset(request))

    def record_context(self, request: HttpRequest, record: OutboxMessage) -> dict[str, Any]:
        return {
            "preview": preview_of(record),
            "template_title": title_of(record.template),
            "effect": Effect.objects.filter(key=record.effect_key).first(),
            "may_queue_again": self.may_change(request)
            and record.status not in (MessageStatus.QUEUED, MessageStatus.SENT),
        }

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again_view))
        return [
            path("<int:ident>/again/", again, name="messaging_message_again"),
            *catalogue.urls(self),
            *super().get_urls(),
        ]

    def again_view(self, request: HttpRequest, ident: int) -> HttpResponse:
        if not self.may_change(request):
            raise PermissionDenied
        if queue_again([ident], now=utc_now()):
            messages.success(
                request, "Queued again. It leaves within a minute, if nothing stands against it."
            )
        else:
            messages.warning(request, "That message is queued or sent already.")
        return back(request, "admin:messaging_outboxmessage_changelist")
