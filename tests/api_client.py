"""Asks the API as a program does."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client


class ApiClient:
    """Every method returns the response; `json(response)` is its body. `headers` go with every request."""

    def __init__(self, **headers: str) -> None:
        self._client = Client(enforce_csrf_checks=True)
        self._headers = headers

    def get(self, path: str, **headers: str) -> Any:
        return self._client.get(f"/api{path}", headers=self._headers | headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send("POST", path, {} if body is None else body, headers)

    def patch(self, path: str, body: Any) -> Any:
        return self._send("PATCH", path, body, {})

    def put(self, path: str, body: Any) -> Any:
        return self._send("PUT", path, body, {})

    def delete(self, path: str) -> Any:
        return self._client.delete(f"/api{path}", headers=self._headers)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> HttpResponse:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body, default=str)
        all_headers = self._headers | headers
        return self._client.generic(method, f"/api{path}", text, content_type="application/json", headers=all_headers)
