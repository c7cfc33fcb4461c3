"""DUN-3 and DUN-6: declines that only the customer can mend, and what a new card does."""

import pytest

from apps.messaging.models import OutboxMessage
from apps.payments.models import CaseState
from apps.runs.models import Alert
from tests.workers.payments.world import CARD, CUSTOMER, FREE, INVOICE, SUBSCRIPTION, Business

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("code", "template"),
    [
        ("expired_card", "new_card_needed"),
        ("stolen_card", "new_card_needed"),
        ("authentication_required", "authenticate_payment"),
    ],
)
def test_asked_at_once_never_charged_downgraded_after_7_days(
    business: Business, code: str, template: str
) -> None:
    business.fail(code)
    assert business.mails == [template]
    assert Alert.objects.filter(kind="payments.outreach").count() == 1
    business.play_to(6)
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id != FREE
    business.play(7)
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id == FREE
    business.play_to(20)
    assert business.charges == []
    assert business.mails == [template, "downgraded"]


def test_a_withdrawn_permission_is_put_to_the_operator_not_to_the_customer(business: Business) -> None:
    business.fail("stop_payment_order")
    assert business.mails == []
    assert "ask whether they want to cancel" in Alert.objects.get(kind="payments.outreach").title


def test_the_issuers_advice_stops_the_retries(business: Business) -> None:
    business.fail("do_not_honor", advice="do_not_try_again")
    business.play_to(5)
    assert business.charges == []
    assert business.mails == ["new_card_needed"]


def test_a_retry_that_turns_hard_ends_the_retries(business: Business) -> None:
    business.fail("insufficient_funds", "lost_card")
    business.play(1)
    assert business.case.failure_class == "never"
    assert business.mails == ["new_card_needed"]
    business.play_to(7)
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id != FREE, (
        "the grace counts from the hard decline"
    )
    business.play_to(9)
    assert business.stripe.subscriptions[SUBSCRIPTION].price_id == FREE
    assert business.charges == [f"dunning:charge:{INVOICE}:0"]


def give_card(business: Business, card: str) -> None:
    business.stripe.default_card = card
    business.event("payment_method.attached", card)
    business.event("customer.updated", CUSTOMER)
    business.settle()


def test_a_new_card_is_charged_at_once(business: Business) -> None:
    business.fail("expired_card", "success")
    business.play(2, hour=15)
    give_card(business, "pm_2")
    assert business.charges == [f"dunning:card:{INVOICE}:pm_2"]
    assert business.case.state == CaseState.RECOVERED
    assert business.mails == ["new_card_needed", "payment_recovered"]


def test_each_card_once(business: Business) -> None:
    business.fail("expired_card", "insufficient_funds")
    give_card(business, "pm_2")
    give_card(business, "pm_2")
    assert business.charges == [f"dunning:card:{INVOICE}:pm_2"]
    give_card(business, CARD)
    assert len(business.charges) == 1, "the first card has failed already"
    give_card(business, "pm_3")
    assert business.charges[1:] == [f"dunning:card:{INVOICE}:pm_3"]


def test_a_customers_own_attempt_uses_up_no_rung(business: Business) -> None:
    business.fail("insufficient_funds", "insufficient_funds")
    give_card(business, "pm_2")
    business.play_to(7)
    assert business.charges == [
        f"dunning:card:{INVOICE}:pm_2",
        *[f"dunning:charge:{INVOICE}:{n}" for n in range(3)],
    ]


def test_a_card_attached_without_being_made_the_default_changes_nothing(business: Business) -> None:
    """Charging would try the old card again."""
    business.fail("expired_card", "success")
    business.event("payment_method.attached", "pm_2")
    business.settle()
    assert business.charges == []


def test_the_mail_names_the_sum_and_where_to_pay(business: Business) -> None:
    business.fail("expired_card")
    context = OutboxMessage.objects.get().context
    assert context["amount"] == "499.00 USD"
    assert context["pay_url"] == "https://pay.example.com/in_1"
    assert context["deadline"] == "by 9 March"
