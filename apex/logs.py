"""Logs as JSON, one event a line on stderr, without what looks like a secret (OPS-4, SEC-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

REMOVED = "[removed]"
# Names under which a secret hides, as a part of a field's name.
SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|authorization|api[_-]?key|cookie|signature|private[_-]?key|card[_-]?number|cvc",
    re.IGNORECASE,
)
# What a secret looks like in a sentence: vendors' keys, our own API keys, passwords in URLs, card numbers.
_SHAPES = (
    (re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_\w+"), REMOVED),
    (re.compile(r"\bwhsec_\w+"), REMOVED),
    (re.compile(r"\bapex_[A-Za-z0-9]{6,}[._][A-Za-z0-9_-]{16,}"), REMOVED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {REMOVED}"),
    (re.compile(r"(\w+://[^:/\s@]*:)[^@/\s]+@"), rf"\1{REMOVED}@"),
    (re.compile(r"\b(?:\d[ -]?){13,18}\d\b"), REMOVED),
)


def clean(value: Any, depth: int = 0) -> Any:
    """``value`` without secrets. Containers are copied, at most six levels deep."""
    if isinstance(value, str):
        for shape, instead in _SHAPES:
            value = shape.sub(instead, value)
        return value
    if depth >= 6:
        return REMOVED
    if isinstance(value, Mapping):
        return {
            name: REMOVED if SECRET_NAMES.search(str(name)) and item else clean(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return clean(value.decode(errors="replace"), depth)
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value), depth)


def remove_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor; it stands after the traceback has become text, so that is cleaned as well."""
    for name, item in event.items():
        if not name.startswith("_"):
            event[name] = REMOVED if SECRET_NAMES.search(name) and item else clean(item)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    structlog.processors.UnicodeDecoder(),
]


def configure_logging() -> None:
    """Sends structlog's events into the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(level: str) -> dict[str, Any]:
    """The ``LOGGING`` dictionary: one handler, JSON lines, also for records of other libraries."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    remove_secrets,
                    structlog.processors.JSONRenderer(default=str),
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "axes": {"level": "WARNING"},
        },
    }
