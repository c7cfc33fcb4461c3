import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.customers.admin import imports
from apps.customers.models import Customer, ImportReport
from tests.apps.customers.helpers import NOW, event, make_customer, take

pytestmark = pytest.mark.django_db
UPLOAD = "/admin/customers/importreport/upload/"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator"), "django.contrib.auth.backends.ModelBackend")
    return client


def test_the_list_takes_as_many_queries_for_two_hundred_as_for_one(operator: Client) -> None:
    def queries(count: int) -> int:
        Customer.objects.bulk_create(
            Customer(external_id=f"{count}-{number}", signed_up_at=NOW) for number in range(count)
        )
        with CaptureQueriesContext(connection) as found:
            assert operator.get(reverse("admin:customers_customer_changelist")).status_code == 200
        return len(found)

    assert queries(1) == queries(200)


def test_the_list_is_searched_and_filtered(operator: Client) -> None:
    make_customer("a", name="Ann Arbor", plan="studio", segment="vip")
    make_customer("b", name="Bob")
    page = operator.get("/admin/customers/customer/?q=arbor&plan__exact=studio&segment=vip").content.decode()
    assert "Ann Arbor" in page
    assert "Bob" not in page


def test_the_customers_page_shows_profile_usage_and_time_line(operator: Client) -> None:
    customer = make_customer("a", name="<b>Ann", base_price_minor=9900, email="ann@example.com")
    take([event("a", "impression", id="1", quantity=5), event("a", "sdk_download", id="2")])
    answer = operator.get(reverse("admin:customers_customer_change", args=[customer.pk]))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "&lt;b&gt;Ann" in page
    assert "99.00 USD" in page
    assert 'data-type="line"' in page
    assert "Sdk download" in page
    assert "<b>Ann" not in page


def test_the_page_of_a_customer_without_anything_is_there_too(operator: Client) -> None:
    page = operator.get(
        reverse("admin:customers_customer_change", args=[make_customer().pk])
    ).content.decode()
    assert "No usage in this time" in page


def test_nobody_else_sees_customers(client: Client) -> None:
    assert client.get("/admin/customers/customer/").status_code == 302
    client.force_login(
        User.objects.create_user("staff", is_staff=True), "django.contrib.auth.backends.ModelBackend"
    )
    assert client.get("/admin/customers/customer/").status_code == 403
    assert client.get(UPLOAD).status_code == 403


def file(text: str = "id,Wer\n1,Ann\n2\n") -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", text.encode())


def test_an_upload_is_looked_at_first_and_nothing_is_written(operator: Client) -> None:
    answer = operator.post(
        UPLOAD, {"file": file(), "mapping": '{"id": "external_id"}', "currency": "USD", "step": "preview"}
    )
    page = answer.content.decode()
    assert "external_id" in page
    assert "left out" in page
    assert not Customer.objects.exists()


def test_an_upload_is_imported_and_its_report_shown(operator: Client) -> None:
    answer = operator.post(
        UPLOAD, {"file": file(), "mapping": "", "currency": "USD", "step": "import"}, follow=True
    )
    page = answer.content.decode()
    assert "2 lines: 1 created" in page
    assert "1 cells where the header has 2 columns" in page
    assert ImportReport.objects.get().requested_by == "operator"
    assert operator.get("/admin/customers/importreport/").status_code == 200


def test_what_is_wrong_with_an_upload_is_said(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = operator.post(UPLOAD, {"file": file("a,b\n1,2\n"), "currency": "USD", "step": "import"})
    assert "No column is mapped to external_id" in answer.content.decode()
    answer = operator.post(UPLOAD, {"file": file(), "mapping": "[1]", "currency": "USD", "step": "import"})
    assert "It must be an object" in answer.content.decode()
    monkeypatch.setattr(imports, "LARGEST", 5)
    answer = operator.post(UPLOAD, {"file": file(), "currency": "USD", "step": "import"})
    assert "Larger than 20 MB" in answer.content.decode()
    assert not ImportReport.objects.exists()


def test_an_upload_needs_the_forms_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("operator"), "django.contrib.auth.backends.ModelBackend")
    assert client.post(UPLOAD, {"file": file(), "currency": "USD", "step": "import"}).status_code == 403


def test_held_events_can_be_looked_at(operator: Client) -> None:
    take([event("nobody", id="1")])
    assert "nobody" in operator.get("/admin/customers/heldevent/").content.decode()
