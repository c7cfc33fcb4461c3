"""Authorization: Bearer apex_…"""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.access.actions import note_use
from apps.access.models import ApiKey
from apps.access.policy import matches, prefix_of, why_unusable
from apps.access.queries import find_key
from apps.core.clock import utc_now


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Stands where Django expects a user. It is nobody of the admin."""

    key: ApiKey
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False
    is_superuser: bool = False
    is_anonymous: bool = False
    pk: None = None

    @property
    def username(self) -> str:
        return f"API key {self.key.name}"


class ApiKeyAuthentication(BaseAuthentication):
    """Finds the key by its prefix and compares digests. One sentence for all wrong keys: which part was
    wrong is nobody's business."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, ApiKey] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.startswith("apex_"):
            return None
        prefix = prefix_of(token)
        key = find_key(prefix) if prefix else None
        if key is None or not matches(token, key.digest):
            raise AuthenticationFailed("This API key is not known")
        now = utc_now()
        reason = why_unusable(key.revoked_at, key.expires_at, now)
        if reason:
            raise AuthenticationFailed(reason)
        note_use(key, now)
        return KeyHolder(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="apex"'
