"""Every automation is declared once, scheduled in the one table, and says what the operator must know."""

import importlib
import inspect
from types import ModuleType

import pytest

from apex.registry import REGISTRY
from beat_schedule import SCHEDULE
from tests.architecture import sources
from workers.kernel.automation import Automation, Computation, Work

DOMAINS = [
    path for path in sources.files("workers") if path.parts[-2] not in {"kernel", "gateways", "workers"}
]
MODULES = [sources.name(path).removesuffix(".py").replace("/", ".") for path in DOMAINS]
LINES_MOST = 110


def _declared(module: ModuleType) -> list[type[Work]]:
    return [
        cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and cls.__module__ == module.__name__
        and issubclass(cls, Automation | Computation)
        and not inspect.isabstract(cls)
    ]


def _all() -> list[type[Work]]:
    return [cls for name in MODULES for cls in _declared(importlib.import_module(name))]


def test_table_and_registry_and_files_are_one_to_one() -> None:
    in_table = [row.work for row in SCHEDULE]
    assert len(in_table) == len(set(in_table))
    assert set(in_table) == set(_all())
    assert sorted(REGISTRY) == sorted(cls.name for cls in in_table)


def test_a_file_holds_one_automation_at_most() -> None:
    crowded = [name for name in MODULES if len(_declared(importlib.import_module(name))) > 1]
    assert crowded == []


@pytest.mark.parametrize("cls", _all(), ids=lambda cls: str(cls.name))
def test_the_docstring_is_the_operators_manual(cls: type[Work]) -> None:
    manual = inspect.getdoc(cls) or ""
    for part in ("Reads", "Changes", "To stop"):
        assert part in manual, f"{cls.__name__} does not say: {part}"


@pytest.mark.parametrize("cls", _all(), ids=lambda cls: str(cls.name))
def test_its_name_tells_its_domain(cls: type[Work]) -> None:
    assert cls.name.split(".")[0] == cls.__module__.split(".")[1]


@pytest.mark.parametrize("cls", _all(), ids=lambda cls: str(cls.name))
def test_its_file_is_short(cls: type[Work]) -> None:
    assert len(inspect.getsource(inspect.getmodule(cls) or cls).splitlines()) <= LINES_MOST


def test_every_automation_has_a_test() -> None:
    untested = [name for name in MODULES if _declared(importlib.import_module(name)) and not _tested(name)]
    assert untested == []


def _tested(module: str) -> bool:
    _, domain, *_rest = module.split(".")
    return any(
        module in sources.imported(path)
        for path in (sources.ROOT / "tests" / "workers" / domain).rglob("*.py")
    )
