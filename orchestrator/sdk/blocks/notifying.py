"""Blocks that send notifications: what they share, and the base of those that send them through apprise.

class Pager(NotificationBlock):          # an own one
    def notify(self, body: str, subject: str | None = None) -> None: ...

class Rocket(AppriseNotificationBlock):  # one whose `url` apprise knows
    pass
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Literal

import pydantic

from orchestrator.sdk.blocks.abstract import LoggingBlock
from orchestrator.sdk.blocks.web_requests import refuse_private_address
from orchestrator.sdk.both_ways import Asynchronous, both_ways
from orchestrator.sdk.errors import NotificationError, WebRequestError

_SENDER = "Orchestrator"
_APPRISE = "apprise"  # the library, and its logger
_hearing: ContextVar[list[str] | None] = ContextVar("orchestrator_notification", default=None)


class NotificationBlock(LoggingBlock, ABC):
    """What tells people something. A notification that could not be sent is logged, and the run goes on; inside
    `with block.raise_on_failure():` NotificationError is raised."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["notify"]
    _raise_on_failure: bool = pydantic.PrivateAttr(False)

    @abstractmethod
    def notify(self, body: str, subject: str | None = None) -> None:
        """Send a notification."""

    @contextmanager
    def raise_on_failure(self) -> Iterator[None]:
        """Inside, a notification that cannot be sent raises NotificationError."""
        self._raise_on_failure = True
        try:
            yield
        finally:
            self._raise_on_failure = False

    def _failed(self, told: str) -> None:
        if self._raise_on_failure:
            raise NotificationError(told)
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
        self._apprise_client = _client_of(url.get_secret_value() if hasattr(url, "get_secret_value") else url)

    def _send(self, client: Any, body: str, subject: str | None) -> None:
        with _heard() as lines:
            sent = client.notify(body=body, title=subject or "", notify_type=self.notify_type)
        if not sent:
            self._failed("; ".join(lines) or "the service did not take it")


class AppriseNotificationBlock(AbstractAppriseNotificationBlock, ABC):
    """The base of those that have an address. `allow_private_urls=False` refuses addresses of private networks."""

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
