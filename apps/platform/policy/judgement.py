"""Whether an index is worth asking for, how sure we are, and afterwards whether it was worth building."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.core.decision import Decision, Verdict, skip
from apps.core.types import Json
from apps.platform.policy.advice import LEAST_COST, LEAST_SAVING
from apps.platform.policy.naming import create_statement, drop_statement

CONFIDENCE_HYPOPG = 0.95  # PLT-5
CONFIDENCE_ESTIMATED = 0.85
CONFIDENCE_UNSELECTIVE = 0.7  # an estimate about an index that reads more than the share below
SELECTIVE_SHARE = 0.05

LEAST_GAIN = 0.2  # of the mean time, else the index goes again
LEAST_CALLS = 5  # real executions since the build, before their mean is believed

GIGABYTE = 1024**3


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """A slow query and the index that should help it. Times in milliseconds, ``share`` the part of the
    table's rows one look-up reads, ``mean_ms`` the mean of the calls before the index."""

    subject_id: int
    query_id: int
    query: str
    schema: str
    table: str
    columns: tuple[str, ...]
    index_name: str
    calls: int
    mean_ms: float
    measured_ms: float | None
    cost_before: float
    cost_after: float
    share: float
    hypothetical: bool
    rows: float
    size_bytes: int
    writes_per_second: float
    hot_updates_per_second: float
    slow_ms: float


def risk_of(facts: IndexFacts) -> float:
    """0 to 1: how much a build and its upkeep can hurt, from the table's size and how often it is written."""
    risk = 0.05
    if facts.size_bytes >= GIGABYTE:
        risk += 0.10  # minutes of reading, and the index itself takes disk
    if facts.size_bytes >= 50 * GIGABYTE:
        risk += 0.20
    for least, more in ((10.0, 0.05), (100.0, 0.10), (1000.0, 0.25)):
        if facts.writes_per_second >= least:
            risk += more
    if facts.hot_updates_per_second >= 10.0:
        risk += 0.05  # such an update has to touch the index from now on
    return round(min(risk, 0.95), 2)


def confidence_of(facts: IndexFacts) -> float:
    if facts.hypothetical:
        return CONFIDENCE_HYPOPG
    return CONFIDENCE_ESTIMATED if facts.share <= SELECTIVE_SHARE else CONFIDENCE_UNSELECTIVE


def decide_index(facts: IndexFacts) -> Decision:
    """ACT when the query is slow and the planner's cost falls by at least half."""
    if facts.mean_ms < facts.slow_ms:
        return skip("the query is no longer slow")
    if facts.cost_before < LEAST_COST:
        return skip("the planner's cost is too low for an index to matter")
    saving = 1.0 - facts.cost_after / facts.cost_before
    if saving < LEAST_SAVING:
        return skip("the index would save less than half")
    listed = ", ".join(facts.columns)
    how = (
        "tried with HypoPG"
        if facts.hypothetical
        else "estimated from the statistics, HypoPG is not installed"
    )
    return Decision(
        Verdict.ACT,
        f"A query takes {facts.mean_ms:,.0f} ms on average over {facts.calls:,} calls and reads "
        f"{facts.schema}.{facts.table} from end to end; an index on ({listed}) lowers the planner's cost "
        f"from {facts.cost_before:,.0f} to {facts.cost_after:,.0f} ({how}).",
        confidence=confidence_of(facts),
        risk=risk_of(facts),
        params={"columns": listed},
        title=f"Build an index on {facts.schema}.{facts.table} ({listed})",
        expected=f"The query's planner cost falls by {saving:.0%}; the index is measured afterwards and "
        f"dropped unless the query gets at least {LEAST_GAIN:.0%} faster.",
        way_back=drop_statement(facts.schema, facts.index_name),
        evidence=_evidence(facts, saving, how),
    )


def _evidence(facts: IndexFacts, saving: float, how: str) -> dict[str, Json]:
    return {
        "query": facts.query[:2000],
        "mean_ms": round(facts.mean_ms, 1),
        "calls": facts.calls,
        "planner_cost": f"{facts.cost_before:,.0f} → {facts.cost_after:,.0f} ({saving:.0%} less, {how})",
        "measured_ms": None if facts.measured_ms is None else round(facts.measured_ms, 1),
        "statement": create_statement(facts.schema, facts.table, facts.columns),
        "table_rows": int(facts.rows),
        "table_size_bytes": facts.size_bytes,
        "rows_read_per_lookup": max(1, round(facts.rows * facts.share)),
        "writes_per_second": round(facts.writes_per_second, 2),
    }


class Worth(StrEnum):
    """What an index turned out to be."""

    GAIN = "gain"
    NO_GAIN = "no_gain"
    TOO_EARLY = "too_early"


@dataclass(frozen=True, slots=True)
class Measured:
    """The same query before and after, in milliseconds: the mean of real calls (``calls`` of them since the
    build), and the median of our own runs. None where it could not be measured."""

    before_ms: float
    calls: int
    after_ms: float | None
    own_before_ms: float | None
    own_after_ms: float | None
    valid: bool
    last_look: bool


def judge_index(measured: Measured) -> tuple[Worth, str]:
    """The verdict and its sentence. Real calls decide; without enough of them our own runs do, at the last
    look; an index that nothing speaks for by then goes."""
    if not measured.valid:
        return Worth.NO_GAIN, "the index is gone or not valid"
    if measured.after_ms is not None and measured.calls >= LEAST_CALLS:
        return _compare(measured.before_ms, measured.after_ms, f"{measured.calls:,} calls since")
    if not measured.last_look:
        return (
            Worth.TOO_EARLY,
            f"only {measured.calls} calls since the index was built, {LEAST_CALLS} are needed",
        )
    if measured.own_before_ms is not None and measured.own_after_ms is not None:
        return _compare(measured.own_before_ms, measured.own_after_ms, "our own runs, too few calls")
    return Worth.NO_GAIN, "nobody ran the query and it could not be measured: unproven, so it goes"


def _compare(before_ms: float, after_ms: float, whence: str) -> tuple[Worth, str]:
    gain = 0.0 if before_ms <= 0 else 1.0 - after_ms / before_ms
    worth = Worth.GAIN if before_ms > 0 and after_ms <= before_ms * (1 - LEAST_GAIN) else Worth.NO_GAIN
    change = f"{gain:.0%} faster" if gain >= 0 else f"{-gain:.0%} slower"
    return worth, f"{before_ms:,.1f} ms → {after_ms:,.1f} ms, {change} ({whence})"
