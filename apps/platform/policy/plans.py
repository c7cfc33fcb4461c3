"""Reading a plan (the JSON of EXPLAIN): which tables are read from end to end, at what cost, how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.core.types import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Scan:
    """A sequential scan. ``cost`` is one run of it, ``loops`` how often the planner expects it to run,
    ``outer_rows`` the rows that one run is joined with (None where it is not joined)."""

    schema: str
    table: str
    cost: float
    loops: float
    outer_rows: float | None


def total_cost(plan: JsonObject) -> float:
    return _number(plan, "Total Cost")


def scans(plan: JsonObject) -> list[Scan]:
    """All sequential scans of the plan, the dearest first."""
    return sorted(_scans(plan, 1.0, None), key=lambda scan: -scan.cost * scan.loops)


def _scans(node: JsonObject, loops: float, outer_rows: float | None) -> Iterator[Scan]:
    if node.get("Node Type") == "Seq Scan" and node.get("Relation Name"):
        yield Scan(
            str(node.get("Schema") or ""),
            str(node["Relation Name"]),
            _number(node, "Total Cost"),
            loops,
            outer_rows,
        )
    below = _children(node)
    joined = str(node.get("Node Type", "")) in ("Nested Loop", "Hash Join", "Merge Join")
    for child in below:
        relation = child.get("Parent Relationship")
        if relation == "SubPlan":
            # Run once for each row of the node it hangs on.
            yield from _scans(child, loops * max(1.0, _number(node, "Plan Rows")), None)
        elif relation == "InitPlan":
            yield from _scans(child, 1.0, None)
        elif joined:
            other = next((sibling for sibling in below if sibling is not child and _joins(sibling)), None)
            rows = _number(other, "Plan Rows") if other is not None else None
            again = node.get("Node Type") == "Nested Loop" and relation == "Inner" and rows is not None
            yield from (
                _scans(child, loops * max(1.0, rows or 1.0), 1.0) if again else _scans(child, loops, rows)
            )
        else:
            yield from _scans(child, loops, outer_rows)


def _joins(node: JsonObject) -> bool:
    return node.get("Parent Relationship") in ("Outer", "Inner")


def _children(node: JsonObject) -> Sequence[Mapping[str, Any]]:
    below: Json = node.get("Plans", ())
    if not isinstance(below, Sequence) or isinstance(below, str):
        return ()
    return [child for child in below if isinstance(child, Mapping)]


def _number(node: JsonObject, name: str) -> float:
    value = node.get(name, 0.0)
    return float(value) if isinstance(value, (int, float)) else 0.0
