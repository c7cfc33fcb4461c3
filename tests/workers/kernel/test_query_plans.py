"""What is asked every few seconds is read from partial indexes, however many effects have been done."""

import re

import pytest
from django.db import connection

from apps.runs.metrics import _EFFECTS
from tests.workers.kernel.world import NOON
from workers.kernel.sweeper import _IN_DOUBT, _TAKEN_BACK, _WAITING, _times

DONE = """
INSERT INTO runs_effect (key, automation, subject_id, undoes, state, attempts, generation, error, claimed_at,
                         lease_until, receipt)
SELECT 'poke:' || i, 'test.poke', i, '', 'done', 1, 0, '', now(), now(), '{}' FROM generate_series(1, 50000) i
"""


NAMES = ["metrics", "in doubt", "waiting", "taken back"]
PARTIAL = {"effect_troubled", "effect_claimed", "effect_waiting", "effect_of_proposal"}


@pytest.mark.django_db
@pytest.mark.parametrize("sql", [_EFFECTS, _IN_DOUBT, _WAITING, _TAKEN_BACK], ids=NAMES)
def test_many_done_effects_are_not_read_through(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DONE)
        cursor.execute("ANALYZE runs_effect")
        cursor.execute(f"EXPLAIN {sql}", _times(NOON))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    used = set(re.findall(r"Index (?:Only )?Scan (?:using|on) (effect_\w+)", plan))
    assert "Seq Scan on runs_effect" not in plan
    assert used and used <= PARTIAL
