"""What a decline means (DUN-1). Codes: docs.stripe.com/declines/codes."""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    SOFT = "soft"  # may pass later, with the same card
    NEW_CARD = "new_card"  # this card will not do; the customer must give another
    NEVER = "never"  # a matter of security, or the customer has withdrawn the permission
    AUTHENTICATE = "authenticate"  # the same card, with the customer present


CLASS_WORDS: dict[str, str] = {
    FailureClass.SOFT: "may pass later",
    FailureClass.NEW_CARD: "needs another card",
    FailureClass.NEVER: "must not be tried again",
    FailureClass.AUTHENTICATE: "the customer must confirm it",
}

REVOKED = frozenset({"revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order"})
_NEVER = REVOKED | {
    "lost_card",
    "stolen_card",
    "pickup_card",
    "fraudulent",
    "merchant_blacklist",
    "highest_risk_level",
    "security_violation",
}
_NEW_CARD = frozenset(
    {
        "expired_card",
        "incorrect_number",
        "invalid_number",
        "incorrect_cvc",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_account",
        "card_not_supported",
        "currency_not_supported",
        "restricted_card",
        "transaction_not_allowed",
        "not_permitted",
        "payment_method_missing",  # there was no card to charge at all
    }
)
_AUTHENTICATE = frozenset({"authentication_required", "authentication_not_handled"})
_NO_FURTHER_TRY = "do_not_try_again"


def classify(decline_code: str, advice_code: str = "") -> FailureClass:
    """Every unknown code is soft, unless the issuer advises against another try with this card."""
    if decline_code in _NEVER:
        return FailureClass.NEVER
    if decline_code in _AUTHENTICATE:
        return FailureClass.AUTHENTICATE
    if decline_code in _NEW_CARD or advice_code == _NO_FURTHER_TRY:
        return FailureClass.NEW_CARD
    return FailureClass.SOFT


def is_hard(failure: FailureClass) -> bool:
    """No further attempt with this card while the customer is away (DUN-3 and authentication)."""
    return failure is not FailureClass.SOFT


def withdrawn(decline_code: str) -> bool:
    """The customer told the bank to stop paying: a question about cancelling, not about a card."""
    return decline_code in REVOKED
