"""Blocks that send notifications: what they share, and the base of those that send them through apprise.

class Pager(NotificationBlock):          # an own one
    def notify(self, body: str, subject: str | None = None) -> None: ...

class Rocket(AppriseNotificationBlock):  # one whose `url` apprise knows
    pass
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

import pydantic

from orchestrator.sdk.blocks.abstract import LoggingBlock
from orchestrator.sdk.blocks.web_requests import refuse_private_address
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import NotificationError, WebRequestError

_SENDER = "Orchestrator"
_APPRISE = "apprise"  # the library, and its logger
_SHORTEST_PIECE = 4  # characters: what is shorter gives nothing away
_hearing: ContextVar[list[str] | None] = ContextVar("orchestrator_notification", default=None)


class NotificationBlock(LoggingBlock, ABC):
    """What tells people something.

    Those that send through apprise log what could not be sent, and the run goes on; inside
    `with block.raise_on_failure():` they raise NotificationError. Others raise errors of their own:
    CustomWebhookNotificationBlock a WebRequestError, always.
    """

    _block_schema_capabilities: ClassVar[list[str] | None] = ["notify"]
    _raising: list[None] = pydantic.PrivateAttr(default_factory=list)  # one for each who asks for it just now

    @abstractmethod
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send a notification."""

    @contextmanager
    def raise_on_failure(self) -> Iterator[None]:
        """Inside, a notification of this block that cannot be sent raises NotificationError, also in other threads and
        coroutines that use the block meanwhile."""
        self._raising.append(None)
        try:
            yield
        finally:
            self._raising.pop()

    def _failed(self, told: str) -> None:
        told = _without_secrets(told, self)
        if self._raising:
            raise NotificationError(told) from None  # the cause may show a secret
        self.logger.warning(f"The {self.get_block_type_name()} notification was not sent: {told}")


class AbstractAppriseNotificationBlock(NotificationBlock, ABC):
    """The base of those that send through apprise: `pip install "orchestrator[notifications]"`."""

    notify_type: Literal["info", "success", "warning", "failure"] = "info"

    _apprise_client: Any = pydantic.PrivateAttr(None)

    @both_ways
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send a notification. Raises ImportError without apprise. Async: `anotify`."""
        client = self._apprise_client
        try:
            client = client if client is not None else _client_of(self._service())
        except (TypeError, ValueError) as error:  # what the service cannot be: its address, a number, a key
            self._failed(str(error))
            return
        self._send(client, body, subject)

    anotify: ClassVar[Asynchronous[None]] = notify.aio

    def _service(self) -> Any:
        """A plug-in of apprise, or an address that it knows. Raises TypeError or ValueError for what cannot be."""
        raise TypeError(f"{type(self).__name__} does not say where notifications go")

    def _start_apprise_client(self, url: Any) -> None:
        """For subclasses of authors, from `block_initialization`: notifications go to this address."""
        try:
            self._apprise_client = _client_of(url.get_secret_value() if hasattr(url, "get_secret_value") else url)
        except (TypeError, ValueError) as error:
            raise ValueError(_without_secrets(str(error), self)) from None

    def _send(self, client: Any, body: str, subject: str | None) -> None:
        with _heard() as lines:
            sent = client.notify(body=body, title=subject or "", notify_type=self.notify_type)
        if not sent:
            self._failed("; ".join(lines) or "the service did not take it")


class AppriseNotificationBlock(AbstractAppriseNotificationBlock, ABC):
    """The base of those that have an address.

    `allow_private_urls=False` refuses addresses of private networks: NotificationError, also where failures are only
    logged.
    """

    url: pydantic.SecretStr = pydantic.Field(title="Webhook URL", examples=["https://hooks.example.com/XXX"])
    allow_private_urls: bool = True

    def _service(self) -> Any:
        return self.url.get_secret_value()

    def _send(self, client: Any, body: str, subject: str | None) -> None:
        if not self.allow_private_urls:
            try:
                refuse_private_address(self.url.get_secret_value())
            except WebRequestError as error:
                raise NotificationError(str(error)) from None
        super()._send(client, body, subject)


def _without_secrets(told: str, block: Any) -> str:
    """The text with `***` for the block's secrets, and for the parts of those that are addresses."""
    hidden = set()
    for name in type(block).model_fields:
        for whole in _texts(getattr(block, name), is_secret=False):
            hidden |= {whole.strip(), *re.split(r"[\s/:@?&=#]+", f"{whole} {unquote(whole)}")}
    longest_first = sorted((each for each in hidden if len(each) >= _SHORTEST_PIECE), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "***", told, flags=re.I) if longest_first else told


def _texts(value: Any, *, is_secret: bool) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        yield from _texts(value.get_secret_value(), is_secret=True)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner, is_secret=is_secret)
    elif isinstance(value, str) and is_secret:
        yield value


def plugin(module: str, name: str) -> Any:
    """A class of apprise's plug-ins. Raises ImportError that says what to install."""
    _library()
    from importlib import import_module

    return getattr(import_module(f"apprise.plugins.{module}"), name)


def _library() -> Any:
    try:
        import apprise
    except ImportError:
        raise ImportError('Notifications need apprise: pip install "orchestrator[notifications]"') from None
    return apprise


def _client_of(service: Any) -> Any:
    library = _library()
    client = library.Apprise(asset=library.AppriseAsset(app_id=_SENDER, app_desc=_SENDER, app_url=""))
    with _heard() as lines:
        is_known = client.add(service)
    if not is_known:
        raise ValueError("; ".join(lines) or "apprise does not know the address")
    return client


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise warns of meanwhile, also in its threads, which have the context of who asked."""
    lines: list[str] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if _hearing.get() is lines:
                lines.append(record.getMessage())

    logger, listening = logging.getLogger(_APPRISE), Listening(logging.WARNING)
    logger.addHandler(listening)
    token = _hearing.set(lines)
    try:
        yield lines
    finally:
        _hearing.reset(token)
        logger.removeHandler(listening)
