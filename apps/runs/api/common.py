"""Who may call, how lists are paged, how an answer carries a sentence."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

READ, WRITE = "runs:read", "runs:write"


class MayUse(BasePermission):
    """An API key needs the scope runs:read, or runs:write for changes (which includes reading).
    Somebody logged in to the admin needs the Django permission that the admin asks for."""

    message = "This needs the scope runs:write (runs:read for reading), or the operator's permission."

    def has_permission(self, request: Request, view: APIView) -> bool:
        reading = request.method in ("GET", "HEAD", "OPTIONS")
        scopes = getattr(request.auth, "scopes", None)
        if scopes is not None:
            return WRITE in scopes or (reading and READ in scopes)
        user = request.user
        if not isinstance(user, AbstractBaseUser) or not user.is_active:
            return False
        model = view.model  # type: ignore[attr-defined]  # every view of this package says it
        return bool(user.has_perm(f"runs.{'view' if reading else 'change'}_{model}"))


class Newest(CursorPagination):
    """Newest first, 100 at a time (``limit`` up to 1,000). The ``next`` link goes on; nothing is counted,
    so that a page of a million rows costs what a page of a hundred does."""

    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 1000
    ordering: str | tuple[str, ...] = "-id"


def who(request: Request) -> str:
    """The name written down beside what was done: the user's, or "API key <name>"."""
    return str(request.user.username)


def answer(data: Any, message: str, status: int = 200) -> Response:
    """A response whose envelope says ``message``."""
    response = Response(data, status=status)
    response.message = message  # type: ignore[attr-defined]  # read by the envelope renderer
    return response


def refused(sentence: str) -> ValidationError:
    return ValidationError({"detail": [sentence]})
