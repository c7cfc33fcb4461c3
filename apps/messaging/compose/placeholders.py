"""The gaps of a template: ``{{ amount }}`` is required, ``{{ name|there }}`` has a default,
``{{ pay_url|@account_url }}`` falls back to a value of the brand.

Nothing else is understood, on purpose: copy with conditions in it cannot be proofread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Scalar = str | int | float | bool | None

_GAP = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*(?:\|([^{}|]*))?\}\}")
_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"\\]+\Z")


class TemplateError(Exception):
    """A template that cannot be used, or a context that does not fill it. Shown to the operator."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One variable at one place. ``default`` is None where the context must have it."""

    name: str
    default: str | None = None


def parse(text: str, brand: Mapping[str, str], encode: Callable[[str], str] = str) -> list[str | Gap]:
    """Text and gaps in turn. Values of the brand are filled in, through ``encode``, as they are the same
    in every message. Raises TemplateError."""
    parts: list[str | Gap] = []
    literal, end = "", 0
    for match in _GAP.finditer(text):
        literal += _checked(text[end : match.start()])
        end = match.end()
        if match[2] is None and match[1] in brand:
            literal += encode(brand[match[1]])
            continue
        parts += [literal, _gap(match[1], match[2], brand)]
        literal = ""
    return [part for part in (*parts, literal + _checked(text[end:])) if part != ""]


def _checked(text: str) -> str:
    if "{{" in text or "}}" in text:
        raise TemplateError(f"braces that are no variable in {text.strip()[:60]!r}")
    return text


def _gap(name: str, default: str | None, brand: Mapping[str, str]) -> Gap:
    if default is None:
        return Gap(name)
    default = default.strip()
    if not default.startswith("@"):
        return Gap(name, default)
    if default[1:] not in brand:
        raise TemplateError(f"{name} falls back to {default[1:]}, which is no value of the brand")
    return Gap(name, brand[default[1:]])


def given(value: Scalar) -> bool:
    return value is not None and value != ""


def text_of(gap: Gap, context: Mapping[str, Scalar]) -> str:
    """The value as it will be read. Raises TemplateError when it is missing or no address for a link."""
    value = context.get(gap.name)
    if not given(value):
        if gap.default is None:
            raise TemplateError(f"{gap.name} is missing")
        return gap.default
    text = str(value)
    if gap.name.endswith("_url") and not _URL.match(text):
        raise TemplateError(f"{gap.name} is no web or mail address")
    return text


def problems(gaps: Sequence[Gap], context: Mapping[str, Scalar]) -> str:
    """Why ``context`` does not fill ``gaps``; empty when it does."""
    found = dict.fromkeys(filter(None, (_problem(gap, context) for gap in gaps)))
    return ", ".join(found)


def _problem(gap: Gap, context: Mapping[str, Scalar]) -> str:
    try:
        text_of(gap, context)
    except TemplateError as error:
        return str(error)
    return ""


def fill(
    parts: Sequence[str | Gap], context: Mapping[str, Scalar], encode: Callable[[str], str] = str
) -> str:
    """A value is put in as it is: braces inside it mean nothing. ``encode`` is applied to values only."""
    return "".join(part if isinstance(part, str) else encode(text_of(part, context)) for part in parts)
