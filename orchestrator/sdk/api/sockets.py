"""Websockets of the API, for what is pushed. They need the `websockets` library, which is loaded on use."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Self

from orchestrator.sdk.errors import SocketLost, SocketRefused

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

_OPEN_SECONDS = 10.0
_MOST_BYTES = 16 * 1024 * 1024  # of one frame
_REFUSED = frozenset({1002, 1003, 1008, 4001})  # close codes that mean: not like this
_FINAL = frozenset({400, 401, 403, 404, 405})  # statuses of an upgrade that mean the same


class ApiSocket:
    """One connection. What is said and heard are JSON objects. `say` may be called from any thread."""

    def __init__(self, client: Client, path: str) -> None:
        """Connects and says who is calling. `path` begins behind the API's URL.

        Raises SocketLost when the server cannot be reached now, SocketRefused when it does not want this client or has
        no such socket, and when the library is not installed.
        """
        try:
            from websockets.exceptions import InvalidHandshake, InvalidStatus
            from websockets.sync.client import connect
        except ImportError:
            raise SocketRefused("The library websockets is not installed: pip install websockets") from None
        address = client.transport.address
        if not address.startswith(("http://", "https://")):
            raise SocketRefused(f"{address} is no address of a server")
        self._address = f"ws{address.removeprefix('http')}{path}"
        try:
            self._opening: Any = connect(
                self._address,
                subprotocols=["prefect"],  # type: ignore[list-item]
                open_timeout=_OPEN_SECONDS,
                max_size=_MOST_BYTES,
                proxy=None,
            )
            self._connection: Any = self._opening.__enter__()
        except InvalidStatus as error:
            status = error.response.status_code
            if status in _FINAL:
                raise SocketRefused(f"{self._address}: the server answers {status}") from None
            raise SocketLost(f"{self._address}: the server answers {status}") from None
        except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
            raise SocketLost(f"{self._address}: {error}") from None
        try:
            self.say({"type": "auth", "token": _token(client)})
            greeting = self.hear(timeout=_OPEN_SECONDS)
            if greeting is None or greeting.get("type") != "auth_success":
                reason = (greeting or {}).get("reason") or "it did not greet"
                raise SocketRefused(f"{self._address}: the server does not want this client: {reason}")
        except BaseException:
            self.close()
            raise

    def say(self, frame: dict[str, Any]) -> None:
        """Raises SocketLost, SocketRefused."""
        from websockets.exceptions import ConnectionClosed

        try:
            self._connection.send(json.dumps(frame))
        except ConnectionClosed as error:
            raise self._lost(error) from None
        except OSError as error:
            raise SocketLost(f"{self._address}: {error}") from None

    def hear(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next frame; None when none came within `timeout` seconds. Raises SocketLost, SocketRefused."""
        from websockets.exceptions import ConnectionClosed

        try:
            frame = json.loads(self._connection.recv(timeout=timeout))
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise self._lost(error) from None
        except (OSError, ValueError) as error:
            raise SocketLost(f"{self._address}: {error}") from None
        return frame if isinstance(frame, dict) else {}

    def close(self) -> None:
        self._opening.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _lost(self, closed: Any) -> SocketLost | SocketRefused:
        received = closed.rcvd
        if received is not None and received.code in _REFUSED:
            return SocketRefused(f"{self._address}: the server closed it: {received.code} {received.reason}")
        return SocketLost(f"{self._address}: {closed}")


def _token(client: Client) -> str | None:
    """What requests carry as authorization, as a socket's greeting has it: a key, or `user:password`."""
    kind, _, value = client.authorization.partition(" ")
    if kind == "Basic":
        return base64.b64decode(value).decode()
    return value or None
