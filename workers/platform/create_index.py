"""Builds the index that should help a slow query, measures, and drops it again without a gain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from apps.core.decision import Decision
from apps.core.types import JsonObject
from apps.platform import actions, queries
from apps.platform.conf import index_watch, slow_query_ms
from apps.platform.policy import IndexFacts, Worth, columns_of, decide_index, index_name, parse_columns
from workers.kernel import automation as kernel
from workers.kernel.automation import Automation, Done, FindContext, NotDone, Outcome, OutcomeState
from workers.platform.measuring import calls_so_far, judge, spec_of
from workers.ports import Effects, IndexSpec, Sources, receipt

_OUTCOMES = {
    Worth.GAIN: OutcomeState.SUCCESS,
    Worth.NO_GAIN: OutcomeState.WORSE,
    Worth.TOO_EARLY: OutcomeState.INCONCLUSIVE,
}


class CreateIndex(Automation[IndexFacts]):
    """Builds an index on your product's database where it makes a slow query fast.

    Reads: the slow queries that platform.watch_queries found, with their evidence.
    Changes: CREATE INDEX CONCURRENTLY on TARGET_DATABASE_URL, names beginning with apex_; the query is
    measured afterwards, and the index dropped unless it got at least a fifth faster. Waits for approval
    until enough of its indexes have proved themselves.
    To stop: switch it off; indexes already built stay, each with its DROP INDEX in evolution_log.
    """

    name = "platform.create_index"
    queue = kernel.Queue.PLATFORM
    change_type = "index"
    timeout = timedelta(minutes=12)  # the gateway ends a build after 10
    retry = kernel.Retry(attempts=5, first=timedelta(minutes=2))
    in_doubt = kernel.InDoubt.REPEAT  # the index's name makes a second build harmless
    repeat_within = None
    limits = kernel.Limits(per_hour=4, per_day=12, cooldown=timedelta(hours=1))
    page_size = 1  # one build fills a page's time
    watch = kernel.Watch(*index_watch())
    editable = (kernel.Editable("columns", "Columns, in order", parse_columns),)

    def find(self, ctx: FindContext) -> Iterable[IndexFacts]:
        return queries.candidates(ctx.window, slow_query_ms())

    def decide(self, facts: IndexFacts, *, now: datetime) -> Decision:
        return decide_index(facts)

    def key(self, facts: IndexFacts) -> str:
        return queries.effect_key(facts.schema, facts.index_name)

    def act(
        self, effects: Effects, facts: IndexFacts, decision: Decision, *, key: str, now: datetime
    ) -> JsonObject:
        columns = columns_of(str(decision.params["columns"]))
        name = index_name(facts.schema, facts.table, columns)
        build = effects.target.create_index(IndexSpec(name, facts.schema, facts.table, columns), key=key)
        calls, total_ms = calls_so_far(effects.target, facts.query_id)
        return receipt(
            index_name=name,
            columns=list(columns),
            statement=build.statement,
            size_bytes=build.size_bytes,
            seconds=round(build.seconds, 3),
            built_at=now.isoformat(),
            before_ms=facts.mean_ms,
            calls_then=calls,
            total_ms_then=total_ms,
        )

    def record(self, done: Sequence[Done[IndexFacts]], *, now: datetime) -> None:
        actions.note_built([built(one) for one in done], now=now)

    def give_up(self, not_done: Sequence[NotDone[IndexFacts]], *, now: datetime) -> None:
        actions.note_refused({one.facts.subject_id: one.error for one in not_done})

    def measure(self, sources: Sources, facts: IndexFacts, receipt: JsonObject, *, now: datetime) -> Outcome:
        worth, note, evidence = judge(sources.target, facts, receipt, now=now)
        return Outcome(_OUTCOMES[worth], note, evidence)

    def undo(
        self, effects: Effects, facts: IndexFacts, receipt: JsonObject, *, key: str, now: datetime
    ) -> JsonObject:
        spec = spec_of(facts, receipt)
        effects.target.drop_index(spec, key=key)
        return {"dropped": spec.name}


def built(one: Done[IndexFacts]) -> actions.Built:
    spec = spec_of(one.facts, one.receipt)
    return actions.Built(
        slow_query=one.facts.subject_id,
        schema=spec.schema,
        table=spec.table,
        columns=spec.columns,
        index_name=spec.name,
        before_ms=one.facts.mean_ms,
        effect_key=one.key,
    )
