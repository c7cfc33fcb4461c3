"""`make automation` writes code that passes the same checks as the rest."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apex import scaffold
from tests.architecture.sources import ROOT

TABLE = '''"""When."""

from workers.billing.process_events import ProcessEvents
from workers.kernel.schedule import Row

SCHEDULE = (
    Row(ProcessEvents, "* * * * *"),
)
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "beat_schedule.py").write_text(TABLE)
    return tmp_path


def make(checkout: Path, name: str) -> str:
    said = StringIO()
    call_command("make_automation", name, root=checkout, stdout=said)
    return said.getvalue()


def test_it_writes_file_test_and_row(checkout: Path) -> None:
    said = make(checkout, "billing.remind_overdue")
    code = (checkout / "workers/billing/remind_overdue.py").read_text()
    assert "class RemindOverdue(Automation[RemindOverdueFacts])" in code
    assert 'name = "billing.remind_overdue"' in code
    assert (checkout / "tests/workers/billing/test_remind_overdue.py").exists()
    table = (checkout / "beat_schedule.py").read_text()
    assert "from workers.billing.remind_overdue import RemindOverdue" in table
    assert 'Row(RemindOverdue, "0 9 * * *")' in table
    assert "beat_schedule.py" in said


def test_what_it_writes_is_clean(checkout: Path) -> None:
    make(checkout, "billing.remind_overdue")
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), "."],
            cwd=checkout, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "billing", "Billing.x", "billing.", ".x", "billing.do-it", "a.b.c"])
def test_a_malformed_name_is_refused_with_a_sentence(checkout: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"domain\.verb_object"):
        make(checkout, name)


def test_what_exists_is_never_written_over(checkout: Path) -> None:
    make(checkout, "billing.remind_overdue")
    with pytest.raises(CommandError, match="already"):
        make(checkout, "billing.remind_overdue")


def test_a_table_of_another_form_is_left_alone() -> None:
    with pytest.raises(ValueError, match="by hand"):
        scaffold.scheduled("SCHEDULE = make()\nprint(SCHEDULE)\n", scaffold.parse("billing.remind_overdue"))
