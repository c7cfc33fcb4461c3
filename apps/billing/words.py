"""States and reasons of billing as the operator reads them: colours and words."""

EVENT_TONES = {
    "received": "info",
    "processed": "success",
    "ignored": "",
    "parked": "warning",
    "failed": "danger",
    "malformed": "danger",
}
REJECTIONS = {
    "missing": "it was not signed",
    "malformed": "its signature cannot be read",
    "stale": "it was signed too long ago",
    "mismatch": "the signature does not fit: another secret, or not from Stripe",
    "too_large": "it was too large",
}
INVOICE_TONES = {"paid": "success", "open": "info", "uncollectible": "danger"}
SUBSCRIPTION_TONES = {"active": "success", "trialing": "info", "past_due": "warning", "unpaid": "danger"}
