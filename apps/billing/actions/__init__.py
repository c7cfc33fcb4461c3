"""Writes of billing; one transaction each."""

from apps.billing.actions.events import Fetched, settle_events, settle_failures
from apps.billing.actions.inbox import count_rejection, receive, replay, request_refresh
from apps.billing.actions.plans import set_price

__all__ = [
    "Fetched",
    "count_rejection",
    "receive",
    "replay",
    "request_refresh",
    "set_price",
    "settle_events",
    "settle_failures",
]
