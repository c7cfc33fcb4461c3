"""The registry: every automation and computation by its stable name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from workers.kernel.automation import Automation, Computation, Work


class Registry(Mapping[str, Work]):
    """One instance of each declared class. Raises ValueError for a name used twice or malformed."""

    def __init__(self, classes: Iterable[type[Work]]) -> None:
        found: dict[str, Work] = {}
        for cls in classes:
            work = cls()
            domain, _, rest = work.name.partition(".")
            if not domain or not rest:
                raise ValueError(f"{cls.__name__}: a name is domain.verb_object, not {work.name!r}")
            if work.name in found:
                raise ValueError(
                    f"{work.name} is declared by {cls.__name__} and {type(found[work.name]).__name__}"
                )
            found[work.name] = work
        self._work = MappingProxyType(found)

    def __getitem__(self, name: str) -> Work:
        try:
            return self._work[name]
        except KeyError:
            raise KeyError(f"there is no automation named {name!r}; see `manage.py automations`") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._work)

    def __len__(self) -> int:
        return len(self._work)

    def automation(self, name: str) -> Automation:  # type: ignore[type-arg]
        work = self[name]
        if isinstance(work, Computation):
            raise TypeError(f"{name} is a computation; it has no effects")
        return work
