"""HTTP: an ASGI application that lets Django's synchronous handler answer in a fixed pool of threads.

Django's own ASGI handler makes a thread, and so a database connection, for each request. Here a request is read on
the event loop, answered in one of a few threads that keep their connection, and written on the event loop again.
A thread is never held by a slow client: bodies are read before, and long answers are written after, by other hands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import IO, Any

import orjson
from django.conf import settings
from django.http import HttpResponseBase

from orchestrator.web.bodies import BodyTooLarge, Disconnected, Message, Receive, read_body
from orchestrator.web.handler import Answer, DjangoHandler, shares_commit
from orchestrator.web.jobs import Job
from orchestrator.web.streaming import Pipe, pour
from orchestrator.web.threads import Threads, TooBusy, http_threads, stream_threads

Send = Callable[[Message], Awaitable[None]]

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 1
STAYS_SECONDS = 0.05  # so long it is not looked whether a client is still there
STALL_SECONDS = 60.0  # a reader that takes nothing for so long gives its thread up to others


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
        job = self._threads.submit(self._handler.answer, scope, body, may_share=shares_commit)
        # Nearly all are answered before anybody leaves, and looking costs as much as a small request.
        look = job.loop.call_later(STAYS_SECONDS, _drop_when_gone, job, receive)
        try:
            answer: Answer = await job.future
            return answer
        finally:
            look.cancel()
            job.future.cancel()  # it reaches only a job that no thread has taken up

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


def _drop_when_gone(job: Job, receive: Receive) -> None:
    """If its client leaves before a thread is free, nobody need do it: then who waits for it is told Disconnected."""
    if job.begun or job.future.done():
        return
    gone = asyncio.ensure_future(_wait_for_disconnect(receive))
    gone.add_done_callback(lambda _: job.drop(Disconnected()))
    job.future.add_done_callback(lambda _: gone.cancel())


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
