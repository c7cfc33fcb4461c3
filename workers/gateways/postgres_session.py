"""Connections to the operator's PostgreSQL, and its errors in our three words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row

from workers.ports import NotConfigured, OutsideError, Refused, Unavailable

Connection = psycopg.Connection[dict[str, Any]]

CONNECT_TIMEOUT = 5  # seconds
LOCK_TIMEOUT_MS = 5_000
READ_TIMEOUT_MS = 15_000

NOT_SET = "No database is watched yet: give TARGET_DATABASE_URL the address of your product's PostgreSQL."

# Answers of the server after which the same call may well succeed later.
_LATER = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.InsufficientResources,
    errors.CannotConnectNow,
    errors.ObjectInUse,
)


def is_lost(problem: psycopg.Error) -> bool:
    """True when the connection ended in the middle: the server's last word is missing."""
    if isinstance(
        problem, (errors.AdminShutdown, errors.CrashShutdown, errors.IdleInTransactionSessionTimeout)
    ):
        return True
    return isinstance(problem, psycopg.OperationalError) and problem.sqlstate is None


@contextmanager
def speaking(what: str, *, lost: type[OutsideError] = Unavailable) -> Iterator[None]:
    """Turns the database's errors into ours. ``lost`` is what a broken connection means here: Unavailable
    where nothing was being changed, Unknown where something was."""
    try:
        yield
    except psycopg.Error as problem:
        said = _said(problem)
        if is_lost(problem):
            raise lost(f"{what}: the connection to the database was lost: {said}") from problem
        if isinstance(problem, _LATER):
            raise Unavailable(f"{what}: {said}") from problem
        raise Refused(f"{what}: {said}") from problem


@contextmanager
def connected(url: str, settings: dict[str, str | int]) -> Iterator[Connection]:
    """A connection of its own, autocommit, application_name apex, closed at the end."""
    if not url:
        raise NotConfigured(NOT_SET)
    try:
        connection: Connection = psycopg.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="apex",
            prepare_threshold=None,  # works behind a pooler as well
        )
    except psycopg.Error as problem:
        raise Unavailable(f"The watched database cannot be reached: {_said(problem)}") from problem
    try:
        with speaking("settings of the session"):
            for name, value in settings.items():
                connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        yield connection
    finally:
        connection.close()


@contextmanager
def reading(url: str, timeout_ms: int = READ_TIMEOUT_MS) -> Iterator[Connection]:
    """A connection inside one READ ONLY transaction."""
    limits: dict[str, str | int] = {
        "default_transaction_read_only": "on",
        "statement_timeout": timeout_ms,
        "lock_timeout": LOCK_TIMEOUT_MS,
    }
    with connected(url, limits) as connection, speaking("reading"), connection.transaction():
        yield connection


def _said(problem: psycopg.Error) -> str:
    """The server's own sentence on one line, with its hint."""
    primary = problem.diag.message_primary or " ".join(str(problem).split()) or type(problem).__name__
    hint = problem.diag.message_hint
    return f"{primary} ({hint})" if hint else primary
