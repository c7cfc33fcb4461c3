"""A local, stateful, strict Stripe for the real stripe SDK. See README.md."""

from peers.stripe.server import StripePeer

__all__ = ["StripePeer"]
