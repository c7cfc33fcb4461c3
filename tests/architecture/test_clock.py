"""Time is read at the edges and passed on as ``now``; that is what makes a virtual clock possible."""

import ast
from pathlib import Path

from tests.architecture import sources

# Dotted ends of calls that read the time of day. A monotonic clock measures and is no time of day.
READS = ("timezone.now", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time")
CLOCK = "apps/core/clock.py"


def test_nothing_in_apps_and_workers_reads_the_time() -> None:
    found = [
        f"{sources.name(path)}:{node.lineno} {called}"
        for path in sources.files("apps", "workers")
        if sources.name(path) != CLOCK
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)).endswith(READS)
    ]
    assert found == []


def test_rules_queries_and_actions_are_handed_the_time() -> None:
    """``utc_now`` is for the edges; below them nobody asks for it."""
    inner = ("policy", "queries", "actions", "models")
    found = [
        sources.name(path) for path in sources.files("apps") if _layer(path) in inner and _calls_utc_now(path)
    ]
    assert found == []


def _layer(path: Path) -> str:
    parts = path.relative_to(sources.ROOT / "apps").with_suffix("").parts
    return parts[1] if len(parts) > 1 else ""


def _calls_utc_now(path: Path) -> bool:
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func).endswith("utc_now")
        for node in ast.walk(sources.tree(path))
    )
