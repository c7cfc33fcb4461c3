"""DUN-1: what a decline means."""

import pytest

from apps.payments.policy.declines import FailureClass, classify, is_hard, withdrawn


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("insufficient_funds", FailureClass.SOFT),
        ("do_not_honor", FailureClass.SOFT),
        ("call_issuer", FailureClass.SOFT),
        ("generic_decline", FailureClass.SOFT),
        ("processing_error", FailureClass.SOFT),
        ("a_code_of_next_year", FailureClass.SOFT),
        ("", FailureClass.SOFT),
        ("expired_card", FailureClass.NEW_CARD),
        ("invalid_expiry_year", FailureClass.NEW_CARD),
        ("restricted_card", FailureClass.NEW_CARD),
        ("transaction_not_allowed", FailureClass.NEW_CARD),
        ("payment_method_missing", FailureClass.NEW_CARD),
        ("stolen_card", FailureClass.NEVER),
        ("fraudulent", FailureClass.NEVER),
        ("highest_risk_level", FailureClass.NEVER),
        ("revocation_of_all_authorizations", FailureClass.NEVER),
        ("authentication_required", FailureClass.AUTHENTICATE),
    ],
)
def test_each_code_has_its_class(code: str, expected: FailureClass) -> None:
    assert classify(code) is expected


def test_the_issuers_advice_makes_a_soft_decline_hard() -> None:
    assert classify("do_not_honor", "do_not_try_again") is FailureClass.NEW_CARD


@pytest.mark.parametrize("advice", ["try_again_later", "confirm_card_data", ""])
def test_other_advice_does_not(advice: str) -> None:
    assert classify("do_not_honor", advice) is FailureClass.SOFT


@pytest.mark.parametrize("code", ["authentication_required", "stolen_card"])
def test_advice_does_not_hide_what_the_code_says(code: str) -> None:
    assert classify(code, "do_not_try_again") is classify(code)


def test_only_soft_declines_are_retried() -> None:
    assert [f for f in FailureClass if not is_hard(f)] == [FailureClass.SOFT]


def test_a_withdrawn_permission_is_told_from_a_bad_card() -> None:
    assert withdrawn("stop_payment_order")
    assert withdrawn("revocation_of_authorization")
    assert not withdrawn("stolen_card")
