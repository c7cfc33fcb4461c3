from datetime import date, timedelta

import pytest

from apps.customers.models import UsageDaily
from apps.customers.queries import usage_windows
from tests.apps.customers.helpers import make_customer

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


def test_the_windows_split_at_thirty_days() -> None:
    customer, other = make_customer(), make_customer("other")
    for back, kind, quantity in (
        (0, "impression", 1), (29, "impression", 2), (30, "impression", 4), (59, "impression", 8),
        (60, "impression", 16), (3, "login", 1), (45, "login", 1), (2, "api_error", 5), (0, "api_call", 3),
    ):  # fmt: skip
        day = TODAY - timedelta(days=back)
        UsageDaily.objects.create(customer=customer, day=day, kind=kind, quantity=quantity, events=1)
    UsageDaily.objects.create(
        customer=other, day=TODAY + timedelta(days=1), kind="login", quantity=1, events=1
    )
    found = usage_windows([customer.pk, other.pk], TODAY)
    assert list(found) == [customer.pk]
    window = found[customer.pk]
    assert (window.impressions, window.impressions_before) == (3, 12)
    assert (window.api_calls, window.api_errors, window.logins) == (3, 5, 1)
    assert window.days_active == 4  # today, 2, 3 and 29 days ago
    assert (window.last_login_on, window.last_active_on) == (TODAY - timedelta(days=3), TODAY)
