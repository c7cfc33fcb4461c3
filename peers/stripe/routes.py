"""The table of endpoints: method, path, handler and the parameters it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from peers.stripe.errors import ApiFailure
from peers.stripe.objects import Object, expanded, listing
from peers.stripe.params import CREATED, INT, PAGING, STR, Spec
from peers.stripe.world import World

Handler = Callable[..., Object]


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` holds ``{}`` for an id. ``sdk``: the SDK's parameter class (tests compare)."""

    method: str
    path: str
    handler: Handler
    spec: Spec = field(default_factory=dict)
    sdk: str = ""
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.path.replace("{}", "([^/]+)") + "$"))


def resolve(routes: Iterable[Route], method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    for route in routes:
        if route.method == method and (found := route.pattern.match(path)):
            return route, found.groups()
    raise ApiFailure(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
        stored=False,
    )


def retriever(kind: str, label: str = "id") -> Handler:
    def retrieve(world: World, _params: Object, object_id: str) -> Object:
        return world.find(kind, object_id, param=label)

    return retrieve


def list_of(kind: str, url: str, columns: dict[str, str]) -> Handler:
    """A list endpoint filtered by ``columns``: parameter name to SQL expression over the objects table."""

    def list_all(world: World, params: Object) -> Object:
        where, values = ["1"], []
        for name, column in columns.items():
            if name in params:
                where.append(f"{column} = ?")
                values.append(params[name])
        return page(world, kind, url, params, where, values)

    return list_all


_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page(world: World, kind: str, url: str, params: Object, where: list[str], values: list[Any]) -> Object:
    """One page, newest first, by Stripe's cursors; ``limit`` 1 to 100, 10 by default."""
    created = params.get("created")
    for name, value in (created or {}).items():
        where.append(f"created {_COMPARE[name]} ?")
        values.append(value)
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise ApiFailure(
            400,
            "invalid_request_error",
            "Invalid integer: limit must be between 1 and 100",
            stored=False,
            param="limit",
        )
    order = "seq DESC"
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if cursor := params.get(name):
            where.append(f"seq {sign} ?")
            values.append(_position(world, kind, cursor, name))
            order = "seq ASC" if sign == ">" else order
    rows = list(world.store.select(kind, " AND ".join(where), tuple(values), order=order, limit=limit + 1))
    data = rows[:limit]
    return listing(url, data if order == "seq DESC" else data[::-1], has_more=len(rows) > limit)


def _position(world: World, kind: str, cursor: str, param: str) -> int:
    world.referred(kind, cursor, param)
    position = world.store.seq(cursor)
    return 0 if position is None else position


def with_expansion(world: World, body: Object, expand: list[str]) -> Object:
    """``expand`` of a list is asked for as ``data.…``."""
    return expanded(world.store, body, expand) if expand else body


LIST: Spec = {**PAGING, "created": CREATED}
ONE: Spec = {"expand": [STR]}
LIMIT: Spec = {"limit": INT, "expand": [STR]}
