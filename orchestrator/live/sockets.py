"""The manners that all websockets share: who may come in, and how they are greeted.

The consumers are plain ASGI applications: nothing stands between a frame and the code that wants it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host

from orchestrator.accounts.roles import Role
from orchestrator.rest.authentication import auth_required, authenticate_header, authenticate_token
from orchestrator.rest.json import dump, load_json
from orchestrator.rest.origins import is_foreign
from orchestrator.web.bodies import Message, Receive
from orchestrator.web.receipts import EXTENSION, PING
from orchestrator.web.threads import TooBusy, http_threads

logger = logging.getLogger(__name__)

SUBPROTOCOL = "prefect"
RECHECK_SECONDS = 30.0  # after which a key that was revoked, or a user who was locked out, loses open sockets too
HANDSHAKE_SECONDS = 10.0  # for each frame that a client must send before it is served

PROTOCOL_ERROR = 1002
POLICY_VIOLATION = 1008
SERVER_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013


_open: Counter[str] = Counter()  # by path; only the event loop's thread changes it


def open_sockets() -> dict[str, int]:
    """How many sockets this process serves, by their paths."""
    return {path: count for path, count in sorted(dict(_open).items()) if count}


@contextmanager
def counted(path: str) -> Iterator[None]:
    _open[path] += 1
    try:
        yield
    finally:
        _open[path] -= 1
        if not _open[path]:
            del _open[path]


class Closed(Exception):
    """The other side has closed the socket."""


class Refuse(Exception):
    """This side closes the socket, with a code and a reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Socket:
    """One connection. Subclasses say who may come in (`admit`) and what happens then (`converse`)."""

    failed: ClassVar[str] = "internal error"  # the reason that a client is told when something unforeseen happens

    def __init__(self, scope: Message, receive: Receive, send: Callable[[Message], Awaitable[None]]) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._accepted = False

    @classmethod
    def as_asgi(cls) -> Callable[..., Awaitable[None]]:
        async def application(scope: Message, receive: Receive, send: Callable[[Message], Awaitable[None]]) -> None:
            await cls(scope, receive, send).run()

        application.__name__ = cls.__name__
        return application

    async def admit(self) -> None:
        """Accept the socket. Raises Refuse."""
        raise Refuse(POLICY_VIOLATION, "nobody is admitted")

    async def converse(self) -> None:
        """Serve the socket until it is closed."""

    async def is_known(self) -> bool:
        """Whether whoever was admitted would be admitted now."""
        return True

    async def run(self) -> None:
        await self._receive()  # websocket.connect
        try:
            self._refuse_other_hosts()
            self._refuse_other_sites()
            await self.admit()
            with counted(self.scope["path"]):
                if auth_required():
                    await until_first_ends(self.converse(), self._recheck())
                else:
                    await self.converse()
        except Closed:
            pass
        except Refuse as refusal:
            await self.close(refusal.code, refusal.reason)
        except TooBusy:
            await self.close(TRY_AGAIN_LATER, "too busy")
        except Exception:
            logger.exception("The socket %s failed.", self.scope["path"])
            await self.close(SERVER_ERROR, self.failed)

    async def accept(self, subprotocol: str | None = None) -> None:
        """Raises Closed when the other side waits no longer."""
        try:
            await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        except OSError:
            raise Closed from None
        self._accepted = True

    async def close(self, code: int, reason: str = "") -> None:
        """Before the socket is accepted this refuses it with HTTP status 403."""
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except (RuntimeError, OSError):
            logger.debug("The socket was closed already.")

    async def receive_text(self) -> str | bytes:
        """The next frame. Raises Closed."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.receive":
                return message.get("text") or message.get("bytes") or ""
            if message["type"] == "websocket.disconnect":
                raise Closed
            if message["type"] == PING:
                self.pinged(message["answer"])

    def want_pings(self) -> None:
        """Have `pinged` called for each PING, in line with the frames, instead of an immediate PONG."""
        receipts = self.scope.get("extensions", {}).get(EXTENSION)
        if receipts is not None:
            receipts.wanted = True

    def pinged(self, answer: Callable[[], None]) -> None:
        """The client asks for a PONG; `answer()` sends it."""
        answer()

    async def receive_object(self) -> dict[str, Any]:
        """The next frame, within the handshake's time, as a JSON object; empty when it is something else."""
        try:
            frame = await asyncio.wait_for(self.receive_text(), HANDSHAKE_SECONDS)
        except TimeoutError:
            raise Refuse(POLICY_VIOLATION, "nothing was said in time") from None
        try:
            value = load_json(frame)
        except orjson.JSONDecodeError:
            return {}
        return value if isinstance(value, dict) else {}

    async def send_text(self, text: str) -> None:
        """Returns when there is room for more. Raises Closed."""
        try:
            await self._send({"type": "websocket.send", "text": text})
        except OSError:
            raise Closed from None

    async def send_object(self, value: Any) -> None:
        await self.send_text(dump(value).decode())

    async def watch_for_close(self) -> None:
        """Read and forget what still comes, until the other side closes. Raises Closed."""
        while True:
            await self.receive_text()

    def header(self, name: bytes) -> str:
        """A header of the request, empty when it was not sent."""
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), "")

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                known = await self.is_known()
            except (DatabaseError, TooBusy) as error:
                logger.warning("It could not be read who is at a socket; trying again: %s", error)
                continue
            if not known:
                raise Refuse(POLICY_VIOLATION, "Unauthorized")

    def _refuse_other_hosts(self) -> None:
        """As for HTTP: only the names by which this server may be called."""
        domain, _ = split_domain_port(self.header(b"host"))
        if not validate_host(domain, settings.ALLOWED_HOSTS):
            raise Refuse(POLICY_VIOLATION, "this server is not called so")

    def _refuse_other_sites(self) -> None:
        """Another site's page must not read along."""
        if is_foreign(self.header(b"origin"), self.header(b"host")):
            raise Refuse(POLICY_VIOLATION, "other sites may not open this socket")


class ApiSocket(Socket):
    """Admits clients of the contract: subprotocol `prefect` and a first frame `{"type": "auth", "token": …}`.

    An open server also admits clients that know neither, unless `needs_subprotocol`. Elsewhere an `Authorization`
    header stands for the token of a client that sends none.
    """

    needs_subprotocol: ClassVar[bool] = False
    least_role: ClassVar[Role] = Role.VIEWER
    # The reasons that a refused client is told.
    not_greeted: ClassVar[str] = "Expected 'auth' message"
    unauthorized: ClassVar[str] = "Unauthorized"
    _token: str | None = None  # that of the greeting

    async def admit(self) -> None:
        if SUBPROTOCOL not in self.scope.get("subprotocols", ()):
            if self.needs_subprotocol or not await self._knows(None):
                raise Refuse(POLICY_VIOLATION, self.unauthorized)
            await self.accept()
            return
        await self.accept(SUBPROTOCOL)
        greeting = await self.receive_object()
        if greeting.get("type") != "auth":
            raise Refuse(POLICY_VIOLATION, self.not_greeted)
        token = greeting.get("token")
        if not isinstance(token, str | None) or not await self._knows(token):
            raise Refuse(POLICY_VIOLATION, self.unauthorized)
        self._token = token
        await self.send_object({"type": "auth_success"})

    async def is_known(self) -> bool:
        return await self._knows(self._token)

    async def _knows(self, token: str | None) -> bool:
        if not auth_required():
            return True
        return await http_threads.call(self._may_enter, token)

    def _may_enter(self, token: str | None) -> bool:
        header = self.header(b"authorization")
        if token is None and header:
            actor = authenticate_header(header)
        else:
            actor = authenticate_token(token)
        return actor is not None and actor.role >= self.least_role


class UnknownAddress(Socket):
    """Answers the request for a socket that does not exist with 404, which clients take for a final answer."""

    async def run(self) -> None:
        await self._receive()
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.close(POLICY_VIOLATION)
            return
        headers = [(b"content-type", b"application/json")]
        await self._send({"type": "websocket.http.response.start", "status": 404, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": b'{"detail":"Not Found"}'})


async def until_first_ends(*parts: Awaitable[None]) -> None:
    """Run the parts side by side; when one ends, end the others and raise what it raised."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
