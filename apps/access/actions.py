"""Making, using, counting and revoking keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q

from apps.access.models import ApiKey
from apps.access.policy import DEFAULT_RATE, LAST_USED_EVERY, make_token, unknown_scopes


@dataclass(frozen=True, slots=True)
class Issued:
    key: ApiKey
    token: str


def issue_key(
    name: str,
    scopes: Sequence[str],
    now: datetime,
    *,
    rate_per_minute: int = DEFAULT_RATE,
    expires_at: datetime | None = None,
    created_by: str = "",
) -> Issued:
    """The only moment the token is known. Raises ValueError for a scope that does not exist, or none."""
    unknown = unknown_scopes(scopes)
    if unknown or not scopes:
        raise ValueError(
            f"no such scope: {', '.join(unknown)}" if unknown else "a key needs at least one scope"
        )
    fresh = make_token()
    key = ApiKey.objects.create(
        name=name,
        prefix=fresh.prefix,
        digest=fresh.digest,
        scopes=sorted(set(scopes)),
        rate_per_minute=rate_per_minute,
        created_at=now,
        created_by=created_by,
        expires_at=expires_at,
    )
    return Issued(key, fresh.token)


def revoke_key(key_id: int, now: datetime) -> bool:
    """From the next request on it is refused. False when it was revoked before."""
    return bool(ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=now))


def note_use(key: ApiKey, now: datetime) -> None:
    """Writes at most once a minute and key."""
    if key.last_used_at is None or key.last_used_at <= now - LAST_USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def count_request(key_id: int, now: datetime) -> int:
    """This request's number within the key's current minute, from 1, over all processes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO access_key_use AS u (key_id, minute, requests) VALUES (%s, %s, 1)
               ON CONFLICT (key_id) DO UPDATE SET
                   requests = CASE WHEN u.minute >= excluded.minute THEN u.requests + 1 ELSE 1 END,
                   minute = greatest(u.minute, excluded.minute)
               RETURNING requests""",
            [key_id, now.replace(second=0, microsecond=0)],
        )
        return int(cursor.fetchone()[0])
