"""What the checks of the house look at: our Python files and their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("apex", "apps", "workers", "peers", "benchmarks")
SINGLE = ("manage.py", "bootstrap.py", "beat_schedule.py")


def files(*folders: str, migrations: bool = False) -> list[Path]:
    """Python files below ``folders`` (default: the product's), sorted, without migrations."""
    found = [path for folder in folders or PRODUCT for path in (ROOT / folder).rglob("*.py")]
    if not folders:
        found += [ROOT / name for name in SINGLE]
    return sorted(path for path in found if migrations or "migrations" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(path: Path) -> set[str]:
    """Full names of the modules that ``path`` imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
