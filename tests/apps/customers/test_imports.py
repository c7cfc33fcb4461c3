import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from apps.customers.actions.imports import ImportOptions, import_csv
from apps.customers.models import Customer, ImportReport
from tests.apps.customers.helpers import NOW

pytestmark = pytest.mark.django_db
TELCO = Path(__file__).parents[2] / "data" / "ibm_telco.csv"


def load(text: str, **options: Any) -> ImportReport:
    return import_csv("file.csv", text.encode(), ImportOptions(**options), NOW)


def test_the_telco_file_is_imported_whole_and_again_without_change() -> None:
    progress: list[int] = []
    report = import_csv(TELCO.name, TELCO.read_bytes(), ImportOptions(), NOW, progress.append)
    assert (report.lines, report.created, report.refused) == (7043, 7043, 0)
    assert progress == [1000, 2000, 3000, 4000, 5000, 6000, 7000, 7043]
    assert Customer.objects.filter(status="canceled").count() == 1869
    # Sum of MonthlyCharges, as awk adds it up: 456,116.60.
    assert Customer.objects.aggregate(total=Sum("base_price_minor"))["total"] == 45611660
    first = Customer.objects.get(external_id="5575-GNVDE")
    assert (first.base_price_minor, first.plan, first.status) == (5695, "studio", "active")
    assert first.signed_up_at == NOW.replace(year=2024, month=1)  # 34 months before

    later = import_csv(TELCO.name, TELCO.read_bytes(), ImportOptions(), NOW + timedelta(days=40))
    assert (later.created, later.updated, later.unchanged) == (0, 0, 7043)


def test_bad_lines_are_listed_and_the_others_imported() -> None:
    report = load(
        "id,price,plan\n1,10,indie\n2,ten,indie\n3,10\n,1,indie\n5,1,gold\n1,1,indie\n7,10.5,studio\n"
    )
    assert (report.lines, report.created, report.refused) == (7, 2, 5)
    assert [(bad["line"], bad["reason"]) for bad in report.refused_lines] == [
        (3, "price: 'ten' is not an amount such as 29.85"),
        (4, "2 cells where the header has 3 columns"),
        (5, "no external_id"),
        (6, "Invalid enum value 'gold' - at `$.plan`"),
        (7, "external_id '1' was on line 2 already"),
    ]


def test_a_line_the_database_refuses_is_listed_with_its_number() -> None:
    report = load("external_id,stripe_customer_id\n1,cus_1\n2,cus_1\n3,cus_3\n")
    assert report.created == 2
    assert report.refused_lines == [{"line": 3, "reason": "stripe_customer_id belongs to another customer"}]


def test_a_dry_run_counts_and_writes_nothing() -> None:
    report = load("id,name\n1,Ann\n2,Bob\n", dry_run=True)
    assert (report.created, report.dry_run) == (2, True)
    assert not Customer.objects.exists()


def test_a_file_with_a_header_only_is_an_empty_import() -> None:
    assert load("id,name\n").lines == 0


def test_the_command_takes_pairs_and_files_of_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Nr;Wer;Preis\n1;Ann;9.90\n2;Bob;x\n")
    mapping = tmp_path / "map.json"
    mapping.write_text(json.dumps({"Preis": "base_price"}))
    call_command(
        "import_customers", file, "--map", mapping, "external_id=Nr", "name=Wer", "--currency", "EUR"
    )
    printed = capsys.readouterr()
    assert "2 lines: 1 created, 0 updated, 0 unchanged, 1 refused" in printed.out
    assert "line 3: Preis: 'x' is not an amount" in printed.err
    assert Customer.objects.values_list("name", "base_price_minor", "currency").get() == ("Ann", 990, "EUR")


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (None, [], "cannot be read"),
        (b"a,b\n1,2\n", [], "external_id"),
        (b"id\n\xeb\n", ["--encoding", "utf-8"], "byte 0xEB"),
        (b"id\n1\n", ["--map", "nowhere.json"], "cannot be read"),
        (b"id\n1\n", ["--map", "colour=id"], "no field"),
    ],
)
def test_the_command_says_in_a_sentence_what_is_wrong(
    tmp_path: Path, content: bytes | None, arguments: list[str], sentence: str
) -> None:
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=sentence):
        call_command("import_customers", file, *arguments)
    assert not ImportReport.objects.exists()
