"""Who writes: the operator's product, the same in every message of a process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Brand:
    """``sender`` is an address or ``Name <address>``; URLs are absolute, without a trailing slash.
    ``public_url`` is where Apex itself is reachable (the unsubscribe page)."""

    product_name: str = "Your product"
    sender: str = "Your product <hello@example.com>"
    reply_to: str = ""
    support_email: str = "support@example.com"
    account_url: str = "https://example.com/account"
    docs_url: str = "https://example.com/docs"
    postal_address: str = ""
    public_url: str = "http://localhost:8000"

    def values(self) -> dict[str, str]:
        """What a template may name without anybody passing it."""
        return {
            "product_name": self.product_name,
            "support_email": self.support_email,
            "account_url": self.account_url,
            "docs_url": self.docs_url,
            "postal_address": self.postal_address,
            "support_url": f"mailto:{self.support_email}",
        }
