from collections.abc import Iterator
from datetime import timedelta

import pytest

from apps.customers import timeline as lines
from apps.customers.timeline import Panel, TimelineEntry, panels, register_panel, register_timeline, timeline
from apps.runs.models import Effect, EvolutionEntry
from tests.apps.customers.helpers import NOW, event, make_customer, take

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_sources", list(lines._sources))
    monkeypatch.setattr(lines, "_panels", [])


def test_all_sources_come_together_newest_first() -> None:
    customer = make_customer(activated_at=NOW + timedelta(days=1), canceled_at=NOW + timedelta(days=9))
    take([event(kind="first_api_request", id="1", at=NOW), event(kind="login", id="2", at=NOW)])
    EvolutionEntry.objects.create(
        timestamp=NOW + timedelta(days=5), change_type="discount", description="50 % for 3 months",
        reason="score 20", approved_by="rule", customer_id=customer.pk, success=True,
    )  # fmt: skip
    Effect.objects.create(
        key="k", automation="payments.retry_charge", subject_id=1, customer_id=customer.pk, state="refused",
        error="card declined", claimed_at=NOW + timedelta(days=7), lease_until=NOW,
    )  # fmt: skip

    def own(customer_id: int, limit: int) -> Iterator[TimelineEntry]:
        assert limit in {1, 100}
        yield TimelineEntry(NOW + timedelta(days=6), "mail", f"To {customer_id}")

    register_timeline(own)
    register_timeline(own)
    entries = timeline(customer.pk)
    assert [entry.title for entry in entries if entry.title not in {"Signed up", "First api request"}] == [
        "Cancelled", "payments.retry_charge: Refused", f"To {customer.pk}", "50 % for 3 months", "Activated",
    ]  # fmt: skip
    assert {entry.title for entry in entries[-2:]} == {"Signed up", "First api request"}
    assert [entry.title for entry in timeline(customer.pk, 1)] == ["Cancelled"]


def test_panels_without_content_are_left_out() -> None:
    register_panel(lambda customer_id: None)
    register_panel(lambda customer_id: Panel("Health", f"{customer_id}"))
    assert panels(7) == [Panel("Health", "7")]
