"""How a card behaves: the outcome of an attempt by its decline code, and the names of test cards.

Outcomes are ``success`` or a decline code. A payment method's name tells its outcome: ``pm_card_visa`` pays,
``pm_card_decline_insufficient_funds`` declines with that code; Stripe's own test names are known too.
Messages, codes and advice: docs.stripe.com/declines/codes and docs.stripe.com/error-codes.
"""

from __future__ import annotations

from dataclasses import dataclass

SUCCESS = "success"
AUTHENTICATION = "authentication_required"

_CODES = {  # decline code -> error code, where it is not card_declined
    "expired_card": "expired_card",
    "incorrect_cvc": "incorrect_cvc",
    "invalid_cvc": "invalid_cvc",
    "incorrect_number": "incorrect_number",
    "invalid_expiry_month": "invalid_expiry_month",
    "invalid_expiry_year": "invalid_expiry_year",
    "processing_error": "processing_error",
    AUTHENTICATION: AUTHENTICATION,
}
_MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    AUTHENTICATION: "Your card was declined. This transaction requires authentication.",
}
_CONFIRM = frozenset(
    [
        "expired_card",
        "incorrect_number",
        "incorrect_cvc",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_account",
    ]
)
_NEVER = frozenset(
    [
        "lost_card",
        "stolen_card",
        "pickup_card",
        "fraudulent",
        "merchant_blacklist",
        "highest_risk_level",
        "security_violation",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "stop_payment_order",
        "restricted_card",
        "card_not_supported",
        "currency_not_supported",
        "transaction_not_allowed",
        "not_permitted",
    ]
)
_SOFT = frozenset(
    [
        "insufficient_funds",
        "issuer_not_available",
        "try_again_later",
        "reenter_transaction",
        "approve_with_id",
        "card_velocity_exceeded",
        "withdrawal_count_limit_exceeded",
        "generic_decline",
        "do_not_honor",
        "call_issuer",
        "processing_error",
    ]
)
KNOWN = _CONFIRM | _NEVER | _SOFT | {AUTHENTICATION}
_RISK = frozenset({"highest_risk_level", "merchant_blacklist"})  # stopped by Stripe, not by the issuer

_STRIPE_NAMES = {  # docs.stripe.com/testing
    "chargeCustomerFail": "generic_decline",
    "chargeDeclined": "generic_decline",
    "visa_chargeDeclined": "generic_decline",
    "chargeDeclinedInsufficientFunds": "insufficient_funds",
    "visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "visa_chargeDeclinedLostCard": "lost_card",
    "visa_chargeDeclinedStolenCard": "stolen_card",
    "chargeDeclinedExpiredCard": "expired_card",
    "chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "chargeDeclinedProcessingError": "processing_error",
    "authenticationRequired": AUTHENTICATION,
}
_BRANDS = {"visa": "4242", "mastercard": "4444", "amex": "8431", "discover": "9424"}


@dataclass(frozen=True, slots=True)
class Decline:
    """What Stripe says about a declined attempt. ``advice_code`` is None where the issuer gives none."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None
    by_network: bool


def decline(outcome: str) -> Decline:
    advice = None
    if outcome in _CONFIRM:
        advice = "confirm_card_data"
    elif outcome in _NEVER:
        advice = "do_not_try_again"
    elif outcome in _SOFT:
        advice = "try_again_later"
    return Decline(
        code=_CODES.get(outcome, "card_declined"),
        decline_code=outcome,
        message=_MESSAGES.get(outcome, "Your card was declined."),
        advice_code=advice,
        by_network=outcome not in _RISK,
    )


def card_named(name: str) -> tuple[str, str, str] | None:
    """(outcome, brand, last4) of a test card by the part after ``pm_card_`` or ``tok_``; None if unknown."""
    if name in _BRANDS:
        return SUCCESS, name, _BRANDS[name]
    if name in _STRIPE_NAMES:
        return _STRIPE_NAMES[name], "visa", "0341"
    code = name.removeprefix("decline_")
    if code != name and code in KNOWN:
        return code, "visa", "0341"
    return None
