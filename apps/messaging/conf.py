"""The brand of this installation, from the settings."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from apps.messaging.compose.brand import Brand
from apps.messaging.compose.headers import address_of, display_name_of

_SETTINGS = {
    "product_name": "PRODUCT_NAME",
    "reply_to": "MAIL_REPLY_TO",
    "support_email": "SUPPORT_EMAIL",
    "account_url": "PRODUCT_ACCOUNT_URL",
    "docs_url": "PRODUCT_DOCS_URL",
    "postal_address": "POSTAL_ADDRESS",
}


def brand() -> Brand:
    """What is not set follows from MAIL_FROM and PUBLIC_URL."""
    given = {name: str(getattr(settings, key, "") or "") for name, key in _SETTINGS.items()}
    return _brand(settings.DEFAULT_FROM_EMAIL, settings.PUBLIC_URL, tuple(given.items()))


@lru_cache(maxsize=16)
def _brand(sender: str, public_url: str, given: tuple[tuple[str, str], ...]) -> Brand:
    values = dict(given)
    url = public_url or "http://localhost:8000"
    return Brand(
        product_name=values["product_name"] or display_name_of(sender) or "Your product",
        sender=sender,
        reply_to=values["reply_to"],
        support_email=values["support_email"] or values["reply_to"] or address_of(sender),
        account_url=values["account_url"] or url,
        docs_url=values["docs_url"] or values["account_url"] or url,
        postal_address=values["postal_address"],
        public_url=url,
    )


def message_domain() -> str:
    """The right-hand side of Message-IDs: the sender's domain."""
    return address_of(settings.DEFAULT_FROM_EMAIL).rpartition("@")[2] or "localhost"
