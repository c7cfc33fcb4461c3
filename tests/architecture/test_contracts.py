"""That the import contracts in pyproject.toml hold, and that no package escapes them."""

import ast
import tomllib
from typing import Any

import pytest
from importlinter.application.use_cases import lint_imports
from importlinter.cli import lint_imports as _configures_import_linter  # noqa: F401

from tests.architecture import sources

CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"]: contract
    for contract in tomllib.loads((sources.ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
}


def test_the_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    kept = lint_imports(config_filename=str(sources.ROOT / "pyproject.toml"), cache_dir=None)
    assert kept, capsys.readouterr().out


def test_every_app_with_layers_is_in_the_contract_about_them() -> None:
    contract = CONTRACTS["inside an app: admin and api > actions > queries > models > policy"]
    apps = {f"apps.{path.parent.name}" for path in (sources.ROOT / "apps").glob("*/apps.py")}
    assert set(contract["containers"]) == apps


def test_every_domain_is_kept_from_vendors_libraries() -> None:
    contract = CONTRACTS["vendors' libraries and HTTP clients appear in gateways only"]
    packages = {f"workers.{path.parent.name}" for path in (sources.ROOT / "workers").glob("*/__init__.py")}
    assert packages - set(contract["source_modules"]) == {"workers.gateways"}


def test_the_schedule_imports_nothing_but_automations() -> None:
    imported = sources.imported(sources.ROOT / "beat_schedule.py")
    assert {name for name in imported if not name.startswith("workers.")} == set()


def test_a_connection_past_django_is_made_in_gateways_and_peers_only() -> None:
    found = [
        f"{sources.name(path)}:{node.lineno}"
        for path in sources.files("apex", "apps", "workers")
        if not sources.name(path).startswith("workers/gateways/")
        for node in ast.walk(sources.tree(path))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"psycopg.connect", "psycopg.Connection.connect"}
    ]
    assert found == []
