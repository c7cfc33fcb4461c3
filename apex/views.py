"""GET /health and GET /metrics."""

from __future__ import annotations

import secrets

import redis
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from psycopg_pool import PoolTimeout

from apex.settings.guard import LOOPBACK
from apps.core.clock import utc_now
from apps.runs.models import Heartbeat

# Beat ticks every 15 seconds: three minutes without mean that beat or the workers stand still.
LATE_TICK_SECONDS = 180


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """200 when the database and Redis answer, else 503. A late tick degrades, but the web itself is well."""
    database, age = _database()
    broker = _redis()
    ticking = age is not None and age <= LATE_TICK_SECONDS
    well = database == "ok" and broker == "ok"
    status = "down" if not well else "ok" if ticking else "degraded"
    body = {"status": status, "database": database, "redis": broker, "last_tick_age_seconds": age}
    return JsonResponse(body, status=200 if well else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; for who knows the token, or asks from this host without a proxy between."""
    if not _may_read_metrics(request):
        return HttpResponse("A metrics token is needed.\n", status=401, content_type="text/plain")
    page: HttpResponse = ExportToDjangoView(request)
    return page


def _database() -> tuple[str, float | None]:
    """("ok", seconds since the last tick, None before the first) or ("unreachable", None)."""
    try:
        newest = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    except (DatabaseError, PoolTimeout):
        return "unreachable", None
    return "ok", None if newest is None else round((utc_now() - newest).total_seconds(), 1)


def _redis() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError:
        return "unreachable"
    finally:
        client.close()
    return "ok"


def _may_read_metrics(request: HttpRequest) -> bool:
    expected = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if expected and secrets.compare_digest(given.encode(), f"Bearer {expected}".encode()):
        return True
    from_here = request.META.get("REMOTE_ADDR") in LOOPBACK
    return from_here and "X-Forwarded-For" not in request.headers
