"""The brand of this installation, from the settings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

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


@lru_cache(maxsize=1)
def brand() -> Brand:
    """What is not set follows from MAIL_FROM and PUBLIC_URL."""
    values = {name: str(getattr(settings, key, "") or "") for name, key in _SETTINGS.items()}
    sender = settings.DEFAULT_FROM_EMAIL
    url = settings.PUBLIC_URL or "http://localhost:8000"
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


@lru_cache(maxsize=1)
def sender_address() -> str:
    return address_of(brand().sender)


@receiver(setting_changed)
def _forget(**_: Any) -> None:
    """Settings change in tests only."""
    brand.cache_clear()
    sender_address.cache_clear()


def message_domain() -> str:
    """The right-hand side of Message-IDs: the sender's domain."""
    return sender_address().rpartition("@")[2] or "localhost"
