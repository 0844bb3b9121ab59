"""The API as the SDK uses it: patience, headers, errors."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakSet

from orchestrator.contract.versions import API_VERSION
from orchestrator.sdk.api.csrf import CsrfTokens
from orchestrator.sdk.api.transport import HttpTransport, Request, Response, Transport
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import ApiError, ServerUnreachable, api_error
from orchestrator.sdk.timing import pace
from orchestrator.sdk.values.json_values import encode

if TYPE_CHECKING:
    from orchestrator.sdk.recording.delivery import Delivery

RETRIED = frozenset({408, 429, 502, 503})  # the server is busy or away: the same request may work later
_MAYBE_DONE = frozenset({408, 502})  # of these, those after which nobody knows what was done
_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0


class Client:
    """One server, as seen from this process."""

    def __init__(
        self,
        transport: Transport,
        *,
        ui_url: str | None = None,
        api_key: str | None = None,
        auth_string: str | None = None,
    ) -> None:
        from orchestrator.sdk.recording.delivery import Delivery

        self.transport = transport
        self.ui_url = ui_url
        self.takes_ids_of_logs = True  # an addition to the contract: until the server has refused it
        self.takes_ids_of_artifacts = True  # likewise
        self._headers = _headers(api_key=api_key, auth_string=auth_string)
        self.csrf = CsrfTokens(self._once, self._headers)
        self.delivery: Delivery = Delivery(self)
        _every.add(self)

    @property
    def authorization(self) -> str:
        """The header that says who calls; empty when nobody in particular does."""
        return self._headers.get("Authorization", "")

    def start_anew(self) -> None:
        """After a fork: threads, sockets and queued items are the parent's, and the parent's to deliver."""
        self.csrf = CsrfTokens(self._once, self._headers)
        self.delivery.start_anew()
        forget = getattr(self.transport, "forget_connections", None)
        if forget is not None:
            forget()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        patience_seconds: float | None = None,
        headers: dict[str, str] | None = None,
        wait: Callable[[float], None] | None = None,
        once: bool = False,
    ) -> Response:
        """Send until the server answers for good.

        A server that is busy or away is asked again, with growing pauses or when its `Retry-After` says, for
        `patience_seconds` (None: the setting for the start of a run). Then ServerUnreachable is raised.
        Any other answer of 400 or above raises ApiError. `wait` is called with the seconds of each pause, and makes
        it; None lets the time pass, and raises RunAbandoned when nobody waits for the answer any more. With `once`
        a request that may have arrived is not sent again, for what would be made twice: ServerUnreachable is raised.
        """
        patience = settings.connect_seconds() if patience_seconds is None else patience_seconds
        encoded = None if body is None else (body if isinstance(body, bytes) else encode(body))
        request = Request(method, path, encoded, {**self._headers, **(headers or {})}, once)
        deadline = time.monotonic() + patience
        for attempt in range(1_000_000):
            sent = self.csrf.with_token(request)
            response, trouble = self._once(sent)
            if response is not None and self.csrf.is_missed(sent, response):
                response, trouble = self._once(self.csrf.with_token(request))
            if response is not None and response.status not in RETRIED:
                return self._checked(request, response)
            pause = _pause_seconds(attempt, response)
            if time.monotonic() + pause > deadline:
                break
            (wait or pace.pause)(pause)
        raise ServerUnreachable(
            f"{method} {path}: no answer from {self.transport.address} within {patience:g} seconds ({trouble})",
            is_busy=response is not None,
        )

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Like `send`, but the decoded JSON. An answer that is none is an ApiError too: it is not the API's."""
        response = self.send(method, path, body, **options)
        try:
            return response.json()
        except ValueError:
            raise self._not_the_api(method, path, response) from None

    def run_url(self, flow_run_id: str) -> str | None:
        """The page of a flow run."""
        return f"{self.ui_url}/runs/flow-run/{flow_run_id}" if self.ui_url else None

    def runs_url(self, *flow_names: str) -> str | None:
        """The list of runs; with a single name, that of this flow's runs."""
        only = f"?flow={quote(flow_names[0], safe='')}" if len(flow_names) == 1 else ""
        return f"{self.ui_url}/runs/{only}" if self.ui_url else None

    def _checked(self, request: Request, response: Response) -> Response:
        if response.status < 400:
            return response
        try:
            body = response.json()
        except ValueError:
            raise self._not_the_api(request.method, request.path, response) from None
        said = body
        if isinstance(body, dict):
            said = body.get("detail") or body.get("exception_detail") or body.get("exception_message") or body
        told = response.headers.get("retry-after")
        raise api_error(
            f"{request.method} {request.path}: the server answered {response.status}: {str(said)[:2000]}",
            status=response.status,
            body=body,
            retry_after_seconds=_retry_after_seconds(told) if told is not None else None,
        )

    def _not_the_api(self, method: str, path: str, response: Response) -> ApiError:
        body = response.body.decode("utf-8", "replace")
        return ApiError(
            f"{method} {path}: {self.transport.address} answered {response.status} with something else than JSON; "
            f"is that the API's address, with /api at its end? It began: {body.strip()[:80]!r}",
            status=response.status,
            body=body,
        )

    def _once(self, request: Request) -> tuple[Response | None, str]:
        try:
            response = self.transport.handle(request)
        except OSError as error:
            trouble = str(error) or type(error).__name__
            if request.once and not _is_not_sent(error):
                raise self._lost(request, trouble) from error
            return None, trouble
        if request.once and response.status in _MAYBE_DONE:
            raise self._lost(request, f"status {response.status}")
        return response, f"status {response.status}"

    def _lost(self, request: Request, trouble: str) -> ServerUnreachable:
        return ServerUnreachable(
            f"{request.method} {request.path}: the answer of {self.transport.address} was lost ({trouble}), and it may "
            "have done what it was asked for: look before you ask again"
        )


_lock = threading.Lock()
_every: WeakSet[Client] = WeakSet()
_clients: dict[tuple[str | None, ...], Client] = {}
_override: list[Client | None] = []


def current_client() -> Client | None:
    """The client for what the environment says now. None without ORCHESTRATOR_API_URL: nothing is recorded."""
    if _override:
        return _override[-1]
    url = settings.api_url()
    if url is None:
        return None
    key = (url, settings.ui_url(), settings.api_key(), settings.auth_string())
    client = _clients.get(key)
    if client is None:
        with _lock:
            client = _clients.get(key)
            if client is None:
                transport = HttpTransport(url, timeout_seconds=settings.request_timeout_seconds())
                client = Client(transport, ui_url=key[1], api_key=key[2], auth_string=key[3])
                _clients[key] = client
    return client


@contextmanager
def use_client(client: Client | None) -> Iterator[Client | None]:
    """Inside, every run speaks with this client instead of what the environment says; None means no server."""
    _override.append(client)
    try:
        yield client
    finally:
        _override.pop()


def _is_not_sent(error: OSError) -> bool:
    import socket

    return isinstance(error, (ConnectionRefusedError, socket.gaierror))


def _headers(*, api_key: str | None, auth_string: str | None) -> dict[str, str]:
    from base64 import b64encode

    from orchestrator import __version__

    headers = {
        "User-Agent": f"orchestrator/{__version__}",
        "X-PREFECT-API-VERSION": API_VERSION,
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    elif auth_string:
        headers["Authorization"] = f"Basic {b64encode(auth_string.encode()).decode()}"
    return headers


def _pause_seconds(attempt: int, response: Response | None) -> float:
    told = response.headers.get("retry-after") if response is not None else None
    if told is not None:
        seconds = _retry_after_seconds(told)
        if seconds is not None:
            return seconds
    # A little chance keeps many clients from returning in step.
    return min(_FIRST_DELAY_SECONDS * 2 ** min(attempt, 10), _LONGEST_DELAY_SECONDS) * random.uniform(0.75, 1.25)


def _retry_after_seconds(text: str) -> float | None:
    """Seconds from now: the header holds a number of seconds or an HTTP date. None when it is neither."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _start_anew_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    for client in list(_every):
        client.start_anew()


os.register_at_fork(after_in_child=_start_anew_in_child)
