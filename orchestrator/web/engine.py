"""HTTP: an ASGI application that lets Django's synchronous handler answer in a fixed pool of threads.

Django's own ASGI handler makes a thread, and so a database connection, for each request. Here a request is read on
the event loop, answered in one of a few threads that keep their connection, and written on the event loop again.
A thread is never held by a slow client: bodies are read before, and long answers are written after, by other hands.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import IO, Any, NamedTuple

import orjson
from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch, set_script_prefix

from orchestrator.web.addresses import resolved
from orchestrator.web.bodies import BodyTooLarge, Disconnected, Message, Receive, read_body
from orchestrator.web.streaming import Pipe, pour
from orchestrator.web.threads import Threads, TooBusy, http_threads, stream_threads

Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
JOIN_UP_TO_BYTES = 1_000_000  # a file of known length up to this is read at once instead of streamed
STALL_SECONDS = 60.0  # a reader that takes nothing for so long gives its thread up to others
BODYLESS = frozenset({204, 304})


class Answer(NamedTuple):
    """What a thread hands back. `stream` is the response itself when its body is still to be made."""

    status: int
    headers: Headers
    body: bytes
    stream: HttpResponseBase | None = None


class DjangoHandler(BaseHandler):
    """Django's middleware chain and views, synchronously, in whatever thread asks."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if hasattr(request, "urlconf"):
            return super().resolve_request(request)
        request.resolver_match = resolved(request.path_info)
        return request.resolver_match

    def answer(self, scope: Message, body: IO[bytes]) -> Answer:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        response: HttpResponseBase
        try:
            request = ASGIRequest(scope, body)
        except UnicodeDecodeError:
            logger.warning("Bad Request (UnicodeDecodeError)")
            response = HttpResponse(status=400)
        else:
            # Known only now when the body came in chunks; without it a body is taken for absent.
            request.META["CONTENT_LENGTH"] = str(_length_of(body))
            response = self.get_response(request)
        vars(response)["_handler_class"] = self.__class__  # the sender of request_finished
        without_body = scope["method"] == "HEAD" or response.status_code in BODYLESS
        if response.streaming and not without_body and not _is_short(response):
            return Answer(response.status_code, _headers_of(response), b"", response)
        try:
            if without_body:
                data = b""
            elif response.streaming:
                data = b"".join(response)
            else:
                data = response.content  # type: ignore[attr-defined]
            return Answer(response.status_code, _headers_of(response), data)
        finally:
            response.close()


class HttpEngine:
    """The ASGI application for scopes of type `http`."""

    def __init__(self, threads: Threads = http_threads, streams: Threads = stream_threads) -> None:
        self._handler = DjangoHandler()
        self._threads = threads
        self._streams = streams

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(scope, receive, settings.MAX_BODY_BYTES)
        except BodyTooLarge:
            text = f"The request's body is larger than {settings.MAX_BODY_BYTES} bytes."
            return await _refuse(send, 413, {"detail": text})
        except Disconnected:
            return None
        try:
            answer = await self._ask_django(scope, body, receive)
        except TooBusy:
            return await _refuse(send, 503, {"exception_message": "Service Unavailable"}, RETRY_AFTER_SECONDS)
        except Disconnected:
            return None
        finally:
            body.close()
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        if answer.stream is not None:
            return await self._stream(answer.stream, receive, send)
        return await send({"type": "http.response.body", "body": answer.body})

    async def _ask_django(self, scope: Message, body: IO[bytes], receive: Receive) -> Answer:
        """Raises TooBusy, or Disconnected when the client left before a thread was free."""
        if not self._threads.waiting:
            return await self._threads.call(self._handler.answer, scope, body)
        call = asyncio.ensure_future(self._threads.call(self._handler.answer, scope, body))
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        try:
            await asyncio.wait((call, gone), return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                raise Disconnected
            return call.result()
        finally:
            # Cancelling reaches only a call that no thread has taken up; a begun one ends by itself.
            call.cancel()
            gone.cancel()

    async def _stream(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        pipe = Pipe(asyncio.get_running_loop())
        # Nobody awaits this call: the pipe's end tells of it. It waits in line when all stream threads are taken.
        pouring = asyncio.ensure_future(self._streams.call(pour, response, pipe, response.close))
        gone = asyncio.ensure_future(_wait_for_disconnect(receive))
        gone.add_done_callback(lambda _: pipe.abandon())
        pouring.add_done_callback(lambda call: _end_refused(call, response, pipe))
        try:
            while data := await pipe.take():
                async with asyncio.timeout(STALL_SECONDS):
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                if gone.done():
                    return
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            logger.warning("A download was broken off, because its reader took nothing for %g s.", STALL_SECONDS)
        finally:
            pipe.abandon()
            gone.cancel()


def _end_refused(call: asyncio.Future[None], response: HttpResponseBase, pipe: Pipe) -> None:
    """When no thread took the download up, nobody else ends it."""
    if not call.cancelled() and (error := call.exception()) is not None:
        response.close()
        pipe.end(error)


def _length_of(body: IO[bytes]) -> int:
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return length


def _headers_of(response: HttpResponseBase) -> Headers:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers.extend((b"Set-Cookie", morsel.OutputString().encode("ascii")) for morsel in response.cookies.values())
    return headers


def _is_short(response: HttpResponseBase) -> bool:
    length = response.get("Content-Length", "")
    return length.isdigit() and int(length) <= JOIN_UP_TO_BYTES


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, status: int, content: dict[str, Any], retry_after_seconds: int | None = None) -> None:
    body = orjson.dumps(content)
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
    if retry_after_seconds is not None:
        headers.append((b"Retry-After", str(retry_after_seconds).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
