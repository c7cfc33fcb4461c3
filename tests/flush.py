"""How tests that commit give the tables back: emptied, and with the rows again that migrations had put there.

Those rows (plans, ladders, content types …) are copied to a schema of their own before the first test. A database
that is used again (--reuse-db) still has its copy: what an interrupted session left behind is not taken for seeds.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations

SCHEMA = "test_seeds"
# evolution_log refuses TRUNCATE by a trigger, and seeds refer to one another: triggers, those of foreign keys
# among them, sleep for the moment of the flush only (the tests' account is the server's superuser).
ASLEEP, AWAKE = "SET session_replication_role = replica", "SET session_replication_role = DEFAULT"

_flush = DatabaseOperations.execute_sql_flush


def keep_seeds(connection: BaseDatabaseWrapper) -> None:
    """Copies every table that holds rows, once in a database's life."""
    if _seeds(connection, SCHEMA):
        return
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{name})")  # noqa: S608
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE {SCHEMA}.{name} AS TABLE public.{name}")


def flush_to_seeds(ops: DatabaseOperations, sql_list: list[str]) -> None:
    """In place of ``execute_sql_flush``: the same statements, and the seeds again where they were taken."""
    names = [ops.quote_name(table) for table in _seeds(ops.connection, SCHEMA)]
    # A flush of some apps only leaves other seeds where they are.
    back = [
        f"INSERT INTO public.{name} SELECT * FROM {SCHEMA}.{name} ON CONFLICT DO NOTHING"  # noqa: S608
        for name in names
    ]
    _flush(ops, [ASLEEP, *sql_list, *back, AWAKE])


def _seeds(connection: BaseDatabaseWrapper, schema: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
        return [name for (name,) in cursor.fetchall()]
