"""Which key may do what."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.access.models import ApiKey
from apps.access.policy import allows


class HasScope(BasePermission):
    """``permission_classes = [HasScope("events:write")]``. Keys need the scope. Operators logged in to the
    admin may read; changing needs a superuser."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.message = f"This needs the scope {scope}"

    def __call__(self) -> HasScope:
        """DRF makes its permissions by calling what stands in ``permission_classes``."""
        return self

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, ApiKey):
            return allows(request.auth.scopes, self.scope)
        user = request.user
        reads = self.scope.endswith(":read")
        return bool(user.is_active and (user.is_superuser or (reads and user.is_staff)))
