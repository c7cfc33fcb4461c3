"""Form parameters as Stripe's SDK sends them, decoded to nested values and checked strictly.

A spec maps names to types; ``"name!"`` marks a required one. Types: STR, INT, FLOAT, BOOL, MAP (metadata),
a tuple of allowed strings, a nested dict, a one-element list, or ``Unset(type)`` where "" clears the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from peers.stripe.errors import bad_parameter

STR, INT, FLOAT, BOOL, MAP = "string", "integer", "decimal", "boolean", "map"
Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unset:
    """A parameter that is cleared by an empty string."""

    inner: Any


CREATED = {"gt": INT, "gte": INT, "lt": INT, "lte": INT}
PAGING: Spec = {"limit": INT, "starting_after": STR, "ending_before": STR, "expand": [STR]}


def decode(query: str) -> dict[str, Any]:
    """``a[b][0][c]=1`` becomes ``{"a": {"b": [{"c": "1"}]}}``; values stay strings."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        path = re.findall(r"[^\[\]]+|\[\]", name)
        node = tree
        for part in path[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise bad_parameter(f"Invalid object: {name}", param=name)
            node = child
        last = path[-1] if path[-1] != "[]" else str(len(node))
        node[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_listed(value[name]) for name in sorted(value, key=int)]
    return {name: _listed(child) for name, child in value.items()}


def check(params: dict[str, Any], spec: Spec, prefix: str = "") -> dict[str, Any]:
    """The parameters converted by ``spec``. Raises ApiFailure 400 as Stripe words it."""
    known = {name.rstrip("!"): kind for name, kind in spec.items()}
    out: dict[str, Any] = {}
    for name, value in params.items():
        label = f"{prefix}[{name}]" if prefix else name
        if name not in known:
            raise bad_parameter(f"Received unknown parameter: {label}", code="parameter_unknown", param=label)
        out[name] = _convert(value, known[name], label)
    for name in spec:
        if name.endswith("!") and name[:-1] not in out:
            label = f"{prefix}[{name[:-1]}]" if prefix else name[:-1]
            raise bad_parameter(f"Missing required param: {label}.", code="parameter_missing", param=label)
    return out


def _convert(value: Any, kind: Any, label: str) -> Any:
    if isinstance(kind, Unset):
        return None if value == "" else _convert(value, kind.inner, label)
    if isinstance(kind, Mapping):
        return check(_shaped(value, dict, "hash", label), kind, label)
    if isinstance(kind, list):
        items = _shaped(value, list, "array", label)
        return [_convert(item, kind[0], f"{label}[{place}]") for place, item in enumerate(items)]
    if kind == MAP:
        if value == "":
            return {}
        return {name: _text(item, label) for name, item in _shaped(value, dict, "hash", label).items()}
    return _scalar(_text(value, label), kind, label)


def _shaped(value: Any, kind: type[Any], word: str, label: str) -> Any:
    if not isinstance(value, kind):
        raise bad_parameter(f"Invalid {word}", param=label)
    return value


def _text(value: Any, label: str) -> str:
    if not isinstance(value, str):
        raise bad_parameter(f"Invalid string: {value}", param=label)
    return value


def _scalar(value: str, kind: Any, label: str) -> Any:
    if value == "":
        raise bad_parameter(
            f"You passed an empty string for '{label}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{label}' cannot be unset. You should remove '{label}' from your request "
            "or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=label,
        )
    if isinstance(kind, tuple):
        if value not in kind:
            raise bad_parameter(f"Invalid {label}: must be one of {', '.join(kind)}", param=label)
        return value
    if kind == BOOL:
        if value not in ("true", "false"):
            raise bad_parameter(f"Invalid boolean: {value}", param=label)
        return value == "true"
    if kind in (INT, FLOAT):
        try:
            return int(value) if kind == INT else float(value)
        except ValueError:
            code = "parameter_invalid_integer" if kind == INT else None
            raise bad_parameter(f"Invalid {kind}: {value}", code=code, param=label) from None
    return value
