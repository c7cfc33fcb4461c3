from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from apps.access.http import Answer


def answer_of(result: Any) -> tuple[int, dict[str, Any], Any]:
    """What a view that returns (or raises) ``result`` answers."""

    class View(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Any) -> Any:
            if isinstance(result, Exception):
                raise result
            return result

    response = View.as_view()(APIRequestFactory().get("/"))
    response.render()
    return response.status_code, json.loads(response.content), response


def test_every_success_comes_in_the_envelope() -> None:
    status, body, response = answer_of(
        Response({"price": Decimal("1.50"), "text": gettext_lazy("Yes"), "pair": (1, 2)})
    )
    assert status == 200
    assert body == {
        "success": True,
        "message": "OK",
        "data": {"price": "1.50", "text": "Yes", "pair": [1, 2]},
    }
    assert response.headers["Content-Type"] == "application/json"


def test_an_answer_has_a_sentence_of_its_own() -> None:
    assert answer_of(Answer([], "Two made", 201))[1] == {"success": True, "message": "Two made", "data": []}


def test_an_error_of_django_comes_in_the_envelope() -> None:
    assert answer_of(Http404())[:2] == (404, {"success": False, "message": "Not found.", "data": None})


def test_a_database_that_is_away_is_503_and_says_what_to_do() -> None:
    status, body, response = answer_of(OperationalError("connection refused at 10.0.0.1"))
    assert status == 503
    assert "Send the request again" in body["message"]
    assert "10.0.0.1" not in body["message"]
    assert response.headers["Retry-After"] == "5"


def test_a_defect_is_500_told_to_listeners_and_shows_nothing() -> None:
    heard: list[Any] = []

    def listen(sender: Any, **_: Any) -> None:
        heard.append(sender)

    got_request_exception.connect(listen)
    try:
        status, body, _ = answer_of(RuntimeError("password=hunter2"))
    finally:
        got_request_exception.disconnect(listen)
    assert status == 500
    assert heard == [RuntimeError]
    assert "hunter2" not in json.dumps(body)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file)
    )
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_the_description_has_the_envelope_the_errors_and_the_key(schema: dict[str, Any]) -> None:
    post = schema["paths"]["/api/v1/events/"]["post"]
    body = post["responses"]["200"]["content"]["application/json"]["schema"]
    assert body["required"] == ["success", "message", "data"]
    assert body["properties"]["data"] == {"$ref": "#/components/schemas/TakenShape"}
    assert {"400", "401", "403", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert {"apiKey": []} in post["security"]
    assert "415" not in schema["paths"]["/api/v1/customers/"]["get"]["responses"]
