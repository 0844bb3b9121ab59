"""Asks the API as a program does, and holds every answer against what its view declares."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from pydantic import TypeAdapter

from orchestrator.rest.answering import declared_answers


class ApiClient:
    """Every method returns the response; `json(response)` is its body. `headers` go with every request."""

    def __init__(self, **headers: str) -> None:
        self._client = Client(enforce_csrf_checks=True)
        self._headers = headers

    def get(self, path: str, **headers: str) -> Any:
        return checked(self._client.get(f"/api{path}", headers=self._headers | headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("POST", path, {} if body is None else body, headers)

    def patch(self, path: str, body: Any) -> Any:
        return self._send("PATCH", path, body, {})

    def put(self, path: str, body: Any) -> Any:
        return self._send("PUT", path, body, {})

    def delete(self, path: str) -> Any:
        return checked(self._client.delete(f"/api{path}", headers=self._headers))

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> HttpResponse:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body, default=str)
        all_headers = self._headers | headers
        url = f"/api{path}"
        return checked(self._client.generic(method, url, text, content_type="application/json", headers=all_headers))


def checked(response: Any) -> Any:
    """The response, whose status and body are those that its view declares."""
    request = response.wsgi_request
    if response.status_code >= 400 or response.streaming:
        return response
    match = resolve(request.path_info)
    view = match.func.view_class(**match.func.view_initkwargs)
    declared = declared_answers(view, request.method)
    if not declared:
        return response
    assert response.status_code in declared, f"{request.method} {request.path} does not declare {response.status_code}"
    kind = declared[response.status_code]
    if kind is None:
        assert response.content == b""
    elif response.headers["Content-Type"].startswith("application/json"):
        _adapter(kind).validate_json(response.content)
    return response


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
