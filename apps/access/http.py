"""The form of every answer: {"success", "message", "data"}, for errors too."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from rest_framework import status as codes
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)


class Answer(Response):
    """A response with a sentence beside its data."""

    def __init__(self, data: Any = None, message: str = "OK", status: int = codes.HTTP_200_OK) -> None:
        super().__init__(data, status=status)
        self.message = message


class EnvelopeRenderer(BaseRenderer):
    """Puts what a view returned into the envelope. ``message`` comes from an Answer."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code == codes.HTTP_204_NO_CONTENT:
            return b""
        success = response is None or response.status_code < codes.HTTP_400_BAD_REQUEST
        message = getattr(response, "message", "OK" if success else "The request was refused")
        return msgspec.json.encode({"success": success, "message": message, "data": data}, enc_hook=_plain)


class RawJson(BaseParser):
    """Takes application/json and hands over the bytes, for views that decode with msgspec."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body: bytes = stream.body if isinstance(stream, HttpRequest) else stream.read()
        return body


def raw_body(request: Request) -> bytes:
    """What RawJson handed over. DRF does not parse a body of no bytes; that is no JSON either."""
    data: Any = request.data
    return data if isinstance(data, bytes) else b""


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exceptions, a database that is away, and whatever else went wrong, each as an envelope."""
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("the database could not be used: %s", error)
        set_rollback()
        return _refusal(
            "The database cannot be reached. Send the request again; nothing counts twice.",
            codes.HTTP_503_SERVICE_UNAVAILABLE,
            {"Retry-After": "5"},
        )
    if isinstance(error, RequestDataTooBig):
        return _refusal("The request body is too large", codes.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    response = drf_exception_handler(error, dict(context))
    if response is None:
        return _unexpected(error, context)
    detail = response.data
    if isinstance(error, ValidationError):
        message, data = "The request is not valid", {"errors": detail}
    else:
        message, data = (
            str(detail.get("detail", detail)) if isinstance(detail, Mapping) else str(detail),
            None,
        )
    headers = {name: value for name, value in response.items() if name in {"WWW-Authenticate", "Retry-After"}}
    return _refusal(message, response.status_code, headers, data)


def _unexpected(error: Exception, context: Mapping[str, Any]) -> Response:
    """A defect of ours: logged, told to whoever listens to Django's signal, and no detail outside."""
    logger.error("unexpected error in the API", exc_info=error)
    request = context.get("request")
    got_request_exception.send(sender=type(error), request=getattr(request, "_request", request))
    set_rollback()
    return _refusal("Something went wrong here; it was logged", codes.HTTP_500_INTERNAL_SERVER_ERROR)


def _refusal(message: str, status: int, headers: Mapping[str, str] | None = None, data: Any = None) -> Answer:
    answer = Answer(data, message, status)
    for name, value in (headers or {}).items():
        answer[name] = value
    return answer


def _plain(value: Any) -> Any:
    """What msgspec does not know: mappings and sequences of DRF, lazy texts."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    return str(value)
