"""Where the two halves meet: gateways are picked by settings and handed to the kernel."""

from __future__ import annotations

from functools import cache
from typing import cast

from django.conf import settings

from apex.announcing import Doorbell
from apex.registry import REGISTRY
from apps.core.clock import utc_now
from beat_schedule import SCHEDULE
from workers.gateways.absent import NotThere
from workers.gateways.postgres import PostgresTarget
from workers.gateways.smtp import SmtpMail
from workers.gateways.stripe import StripePayments
from workers.kernel.engine import Engine
from workers.ports import Effects, Mail, Payments, Sources, Target


def payments() -> Payments:
    if not settings.STRIPE_API_KEY:
        return cast(Payments, NotThere("Stripe is not configured; set STRIPE_API_KEY"))
    return StripePayments(settings.STRIPE_API_KEY, base_url=settings.STRIPE_API_BASE or None)


def mail() -> Mail:
    if not settings.SMTP_URL:
        return cast(Mail, NotThere("no mail server is configured; set SMTP_URL"))
    return SmtpMail(settings.SMTP_URL)


def target() -> Target:
    if not settings.TARGET_DATABASE_URL:
        return cast(Target, NotThere("your product's database is not configured; set TARGET_DATABASE_URL"))
    return PostgresTarget(settings.TARGET_DATABASE_URL)


@cache
def engine() -> Engine:
    """The engine of this process, on the real clock and the vendors of the settings."""
    charging, mailing, watched = payments(), mail(), target()
    return Engine(
        registry=REGISTRY,
        table=SCHEDULE,
        sources=Sources(payments=charging, target=watched),
        effects=Effects(payments=charging, mail=mailing, target=watched),
        clock=utc_now,
        announce=Doorbell(),
    )
