"""Blocks that ask an address of the web: `Webhook` with a payload, `CustomWebhookNotificationBlock` with a message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

import pydantic

from orchestrator.sdk.blocks.core import Block
from orchestrator.sdk.blocks.notifying import NotificationBlock
from orchestrator.sdk.blocks.schemas import SecretDict
from orchestrator.sdk.blocks.web_requests import WebResponse, request
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import BlockError, WebRequestError

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_TIMEOUT_SECONDS = 60.0
_PLACE = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
_TEMPLATES = ("url", "params", "form_data", "json_data", "headers", "cookies")


class Webhook(Block):
    """An address that is asked with a payload. `allow_private_urls=False` refuses addresses of private networks;
    `verify=False` takes any certificate."""

    _published_checksum: ClassVar[str | None] = (
        "sha256:58bb03f0d84592252ad568ed9a8c899792ae5d0ad2dd4a2428e99674f9050cf1"
    )

    method: Method = "POST"
    url: pydantic.SecretStr = pydantic.Field(title="Webhook URL", examples=["https://hooks.slack.com/XXX"])
    headers: SecretDict = pydantic.Field(default_factory=lambda: SecretDict({}), title="Webhook Headers")
    allow_private_urls: bool = True
    verify: bool = True

    @both_ways
    def call(self, payload: dict[str, Any] | str | None = None) -> WebResponse:
        """Ask: a dictionary is sent as JSON, a text as it is. Returns the answer, whatever its status.

        Raises WebRequestError when there is none within a minute. Async: `acall`, or `await webhook.call(…)`.
        """
        headers = {str(name): str(value) for name, value in self.headers.get_secret_value().items()}
        body = None
        if isinstance(payload, str):
            body = payload.encode()
            headers = _with_kind("text/plain; charset=utf-8", headers)
        elif payload is not None:
            body, headers = _json(payload), _with_kind("application/json", headers)
        return request(
            self.method,
            self.url.get_secret_value(),
            body=body,
            headers=headers,
            timeout_seconds=_TIMEOUT_SECONDS,
            verify=self.verify,
            allow_private=self.allow_private_urls,
        )

    acall: ClassVar[Asynchronous[WebResponse]] = call.aio


class CustomWebhookNotificationBlock(NotificationBlock):
    """A notification as a request of any shape. `{{subject}}`, `{{body}}`, `{{name}}` and the names of `secrets` are
    filled in wherever they stand in `url`, `params`, `json_data`, `form_data`, `headers` and `cookies`; a subject that
    is not given is "null". `timeout` in seconds."""

    _block_type_name: ClassVar[str | None] = "Custom Webhook"
    _published_checksum: ClassVar[str | None] = (
        "sha256:69076241f2b9959ae97554957a22ec428886b46f6ed4732af160e117d487c0cf"
    )

    name: str = pydantic.Field(title="Name")
    url: str = pydantic.Field(title="Webhook URL", examples=["https://hooks.slack.com/XXX"])
    method: Method = "POST"
    params: dict[str, str] | None = pydantic.Field(None, title="Query Params")
    json_data: dict[str, Any] | None = pydantic.Field(None, title="JSON Data")
    form_data: dict[str, str] | str | None = pydantic.Field(None, title="Form Data")
    headers: dict[str, str] | None = None
    cookies: dict[str, str] | None = None
    timeout: float = 10
    allow_private_urls: bool = True
    secrets: SecretDict = pydantic.Field(default_factory=lambda: SecretDict({}), title="Custom Secret Values")

    def block_initialization(self) -> None:
        if self.form_data is not None and self.json_data is not None:
            raise BlockError("form_data and json_data are two payloads; give one of them")
        known = {"subject", "body", "name", *self.secrets.get_secret_value()}
        for field in _TEMPLATES:
            unknown = sorted(set(_places(getattr(self, field))) - known)
            if unknown:
                raise BlockError(
                    f"{field} has {{{{{unknown[0]}}}}}, which is nothing that is known: {', '.join(sorted(known))}"
                )

    @both_ways
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send a notification. Raises WebRequestError when it was not taken. Async: `anotify`."""
        values = {**self.secrets.get_secret_value(), "body": body, "name": self.name}
        values["subject"] = "null" if subject is None else subject
        filled = {field: _filled(getattr(self, field), values) for field in _TEMPLATES}
        headers = {name: str(value) for name, value in (filled["headers"] or {}).items()}
        if filled["cookies"]:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in filled["cookies"].items())
        content, kind = None, None
        if filled["json_data"] is not None:
            content, kind = _json(filled["json_data"]), "application/json"
        elif isinstance(filled["form_data"], dict):
            content, kind = urlencode(filled["form_data"]).encode(), "application/x-www-form-urlencoded"
        elif filled["form_data"] is not None:
            content = str(filled["form_data"]).encode()
        request(
            self.method,
            str(filled["url"]),
            body=content,
            headers=_with_kind(kind, headers) if kind else headers,
            params=filled["params"],
            timeout_seconds=self.timeout,
            allow_private=self.allow_private_urls,
        ).raise_for_status()

    anotify: ClassVar[Asynchronous[None]] = notify.aio


def _json(payload: Any) -> bytes:
    try:
        return json.dumps(payload).encode()
    except (TypeError, ValueError) as error:
        raise WebRequestError(f"The payload cannot be written as JSON: {error}") from error


def _with_kind(kind: str, headers: dict[str, str]) -> dict[str, str]:
    return headers if "content-type" in {name.lower() for name in headers} else {"Content-Type": kind, **headers}


def _places(template: Any) -> Iterator[str]:
    """The names between braces, at any depth."""
    if isinstance(template, str):
        yield from _PLACE.findall(template)
    elif isinstance(template, dict):
        for key, value in template.items():
            yield from _places(key)
            yield from _places(value)
    elif isinstance(template, (list, tuple)):
        for item in template:
            yield from _places(item)


def _filled(template: Any, values: dict[str, Any]) -> Any:
    """A copy with the values filled in. A text that is nothing but one place becomes the value itself."""
    if isinstance(template, dict):
        return {_filled(key, values): _filled(value, values) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [_filled(item, values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _PLACE.fullmatch(template)
    return values[whole[1]] if whole else _PLACE.sub(lambda found: str(values[found[1]]), template)
