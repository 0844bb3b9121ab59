"""Asks the server's own HTTP handler in this process, with everything as it comes from a network."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from time import perf_counter, process_time
from typing import Any
from urllib.parse import unquote

from orchestrator.web.handler import DjangoHandler


@dataclass(frozen=True)
class Asked:
    """`address` is percent-encoded and stands below /api, `query` without its question mark."""

    method: str
    address: str
    query: str = ""
    headers: dict[str, bytes] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        """What one needs to ask again."""
        headers = {name: _short(value) for name, value in self.headers.items()}
        return f"{self.method} {_short(self.address)}?{_short(self.query)} {headers} {_short(self.body)}"


@dataclass(frozen=True)
class Answered:
    """`work_seconds` is the processor's time, which does not grow when other programs run beside the tests."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    work_seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


def ask(asked: Asked) -> Answered:
    began, began_work = perf_counter(), process_time()
    answer = _handler().answer(_scope(asked), BytesIO(asked.body))
    if answer.stream is None:
        body = answer.body
    else:
        try:
            body = b"".join(answer.stream)  # type: ignore[call-overload]
        finally:
            answer.stream.close()
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in answer.headers}
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return Answered(answer.status, headers, body, perf_counter() - began, process_time() - began_work)


@cache
def _handler() -> DjangoHandler:
    return DjangoHandler()


def _scope(asked: Asked) -> dict[str, Any]:
    raw = f"/api{asked.address}".encode()
    headers = {"host": b"testserver", "content-type": b"application/json"} | asked.headers
    return {
        "type": "http",
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(raw.decode()),
        "raw_path": raw,
        "root_path": "",
        "query_string": asked.query.encode(),
        "headers": [(name.encode(), value) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("testserver", 80),
    }


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 1_500 else f"{text[:1_000]} … {text[-200:]} ({len(value)} in all)"
