"""Reads of the platform app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import ExpressionWrapper, F, FloatField

from apps.core.types import Window
from apps.platform.models import SlowQuery, SlowQueryState
from apps.platform.policy import IndexFacts
from apps.runs.models import Effect, EffectState, Observation, ObservationState


def effect_key(schema: str, index_name: str) -> str:
    """One effect for each index, for ever: what was built and dropped again is not built a second time."""
    return f"platform:index:{schema}.{index_name}"


def candidates(window: Window, slow_ms: float) -> Iterator[IndexFacts]:
    """Slow queries with an index that should help, ascending by id."""
    rows = SlowQuery.objects.filter(state=SlowQueryState.CANDIDATE, id__gt=window.after).order_by("id")
    if window.until is not None:
        rows = rows.filter(id__lte=window.until)
    for row in rows.defer("plan")[: window.limit]:
        yield facts_of(row, slow_ms)


def facts_of(row: SlowQuery, slow_ms: float) -> IndexFacts:
    """Raises ValueError for a row that is no candidate."""
    if row.cost_before is None or row.cost_after is None:
        raise ValueError(f"slow query {row.pk} has no index to propose")
    return IndexFacts(
        subject_id=row.pk,
        query_id=row.query_id,
        query=row.query,
        schema=row.schema_name,
        table=row.table_name,
        columns=tuple(row.columns),
        index_name=row.index_name,
        calls=row.calls,
        mean_ms=row.recent_ms,
        measured_ms=row.measured_ms,
        cost_before=row.cost_before,
        cost_after=row.cost_after,
        share=float(row.advice["share"]),
        hypothetical=bool(row.advice["hypothetical"]),
        rows=float(row.advice["rows"]),
        size_bytes=int(row.advice["size_bytes"]),
        writes_per_second=float(row.advice["writes_per_second"]),
        hot_updates_per_second=float(row.advice["hot_updates_per_second"]),
        slow_ms=slow_ms,
    )


def closed_for_good(keys: Iterable[str]) -> dict[str, str]:
    """Of these effect keys those that will not be done again, each with the sentence that says why."""
    wanted = list(keys)
    failed = Effect.objects.filter(key__in=wanted, state__in=[EffectState.REFUSED, EffectState.DEAD])
    dropped = Observation.objects.filter(effect_key__in=wanted, state=ObservationState.ROLLED_BACK)
    return {
        **{key: f"Not built: {error}" for key, error in failed.values_list("key", "error")},
        **{
            key: f"Tried and dropped again: {note}" for key, note in dropped.values_list("effect_key", "note")
        },
    }


def observations(rows: Iterable[SlowQuery]) -> dict[int, Observation]:
    """By slow query: what is known of the index that was built for it."""
    keys = {row.effect_key: row.pk for row in rows if row.effect_key}
    found = Observation.objects.filter(effect_key__in=keys)
    return {keys[observation.effect_key]: observation for observation in found}


def known_queries(limit: int) -> list[int]:
    """Query ids that are still of interest, those looked at longest ago first."""
    rows = SlowQuery.objects.exclude(state=SlowQueryState.FAST).order_by("last_seen")
    return list(rows.values_list("query_id", flat=True)[:limit])


def to_advise(slow_ms: float, limit: int) -> list[SlowQuery]:
    """Slow queries without an index under watch, the costliest of late first."""
    cost = ExpressionWrapper(F("recent_ms") * F("calls"), output_field=FloatField())
    rows = SlowQuery.objects.filter(recent_ms__gte=slow_ms).exclude(state=SlowQueryState.INDEXED)
    return list(rows.annotate(cost=cost).order_by("-cost", "id")[:limit])


def unmeasured(limit: int) -> list[SlowQuery]:
    """Candidates whose time we have not taken ourselves yet, nor tried to in vain."""
    rows = SlowQuery.objects.filter(state=SlowQueryState.CANDIDATE, measured_ms=None, measure_error="")
    return list(rows.order_by("id")[:limit])


def outcome_of(row: SlowQuery) -> Observation | None:
    """What is known of the index built for this query; None before one was."""
    return observations([row]).get(row.pk)
