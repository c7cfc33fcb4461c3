"""The signed link under every marketing message. It names address and customer, not the message, so it
works for as long as the message is kept by its reader."""

from __future__ import annotations

from django.core import signing

SALT = "apex.messaging.unsubscribe"


def token(address: str, customer_id: int | None) -> str:
    return signing.Signer(salt=SALT).sign_object([address, customer_id])


def read(text: str) -> tuple[str, int | None]:
    """(address, customer id). Raises django.core.signing.BadSignature for anything we did not sign."""
    try:
        address, customer_id = signing.Signer(salt=SALT).unsign_object(text)
    except (ValueError, TypeError, UnicodeError) as problem:
        raise signing.BadSignature("not a token of ours") from problem
    return str(address), customer_id


def url(public_url: str, address: str, customer_id: int | None) -> str:
    return f"{public_url}/unsubscribe/{token(address, customer_id)}/"
