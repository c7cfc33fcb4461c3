"""Finding a key, on the path of every request."""

from __future__ import annotations

from django.db import connection

from apps.access.models import ApiKey

_COLUMNS = [field.attname for field in ApiKey._meta.concrete_fields]
# Written once: building this query anew for each request takes longer than running it.
_FIND = f"SELECT {', '.join(_COLUMNS)} FROM access_api_key WHERE prefix = %s"  # noqa: S608 - our own columns


def find_key(prefix: str) -> ApiKey | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [prefix])
        row = cursor.fetchone()
    return None if row is None else ApiKey.from_db("default", _COLUMNS, row)
