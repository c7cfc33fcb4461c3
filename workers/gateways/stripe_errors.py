"""What became of a call to Stripe that did not answer 200: the three ways the outside can fail.

``sending`` is True for calls that change something. A read that failed has certainly done nothing, so it is
``Unavailable`` whatever went wrong; a change whose answer did not come may have been made: ``Unknown``.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import stripe
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from workers.ports import OutsideError, Refused, Unavailable, Unknown

RATE_LIMIT_PAUSE = 5.0  # seconds, where Stripe names none


@contextmanager
def translated(*, sending: bool, declines: bool = False) -> Iterator[None]:
    """Raises Refused, Unavailable or Unknown for the SDK's exceptions. With ``declines``, CardError passes:
    it is an answer."""
    try:
        yield
    except stripe.StripeError as error:
        if declines and isinstance(error, stripe.CardError):
            raise
        raise outside_error(error, sending=sending) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # The SDK could not make sense of the body.
        raise _unclear(f"Stripe's answer could not be read: {error}", sending=sending) from error


def outside_error(error: stripe.StripeError, *, sending: bool) -> OutsideError:
    """The failure as the kernel knows it. Anything not known for certain is Unknown."""
    text = _text(error)
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return Unavailable(f"Stripe does not accept the API key: {text}. Set STRIPE_API_KEY to a valid key.")
    if isinstance(error, stripe.RateLimitError):
        return Unavailable(f"Stripe asks to slow down: {text}", _retry_after(error) or RATE_LIMIT_PAUSE)
    if isinstance(error, stripe.IdempotencyError):
        if error.http_status == 409:
            return Unknown(f"The same call is still being carried out at Stripe: {text}")
        return Refused(f"Sent to Stripe before with other parameters, so not repeated: {text}")
    if isinstance(error, (stripe.InvalidRequestError, stripe.CardError)):
        return _by_code(error, text)
    if isinstance(error, stripe.APIConnectionError):
        return _connection(error, sending=sending)
    if error.http_status == 409:
        return Unknown(f"The same call is still being carried out at Stripe: {text}")
    return _unclear(f"Stripe failed (HTTP {error.http_status}): {text}", sending=sending, error=error)


def _by_code(error: stripe.StripeError, text: str) -> OutsideError:
    # lock_timeout: another request held the object; nothing was done (docs.stripe.com/error-codes).
    if error.code == "lock_timeout":
        return Unavailable(f"Stripe is busy with this object: {text}", _retry_after(error))
    return Refused(f"Stripe refused: {text}")


def _connection(error: stripe.APIConnectionError, *, sending: bool) -> OutsideError:
    if not sending or _never_sent(error):
        return Unavailable(f"Stripe cannot be reached: {_network(error)}")
    return Unknown(f"The connection to Stripe broke before its answer: {_network(error)}")


def _never_sent(error: stripe.APIConnectionError) -> bool:
    """True when no byte of the request left: no connection, no name, or a certificate not accepted."""
    cause = error.__cause__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    return any(
        isinstance(part, (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError))
        for part in _chain(cause)
    )


def _chain(error: BaseException | None) -> Iterator[object]:
    """The exception and what requests and urllib3 wrapped in it (``args``, ``reason``, cause, context)."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, BaseException) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [*part.args, getattr(part, "reason", None), part.__cause__, part.__context__]


def _unclear(message: str, *, sending: bool, error: stripe.StripeError | None = None) -> OutsideError:
    if sending:
        return Unknown(message)
    return Unavailable(message, _retry_after(error) if error else None)


def _retry_after(error: stripe.StripeError) -> float | None:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    value = headers.get("retry-after", "")
    return float(value) if value.replace(".", "", 1).isdigit() else None


def _text(error: stripe.StripeError) -> str:
    return (error.user_message or "no message").rstrip(".")


def _network(error: stripe.APIConnectionError) -> str:
    cause = error.__cause__
    return f"{type(cause).__name__}: {cause}" if cause else _text(error)
