"""Reading a request's body, up to a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

IN_MEMORY_BYTES = 2_500_000  # a longer body waits for its thread in a temporary file


class BodyTooLarge(Exception):
    """The body is longer than the server accepts."""


class Disconnected(Exception):
    """The client went away before it had sent the whole request."""


async def read_body(scope: Message, receive: Receive, limit_bytes: int) -> IO[bytes]:
    """The whole body as a file at its beginning. Raises BodyTooLarge or Disconnected."""
    declared = _declared_length(scope)
    if declared > limit_bytes:
        raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    if not message.get("more_body", False):
        body = message.get("body", b"")
        if len(body) > limit_bytes:
            raise BodyTooLarge
        return BytesIO(body)
    return await _read_parts(message, receive, limit_bytes)


async def _read_parts(message: Message, receive: Receive, limit_bytes: int) -> IO[bytes]:
    file: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  handed to the caller, who closes it
    length = 0
    try:
        while True:
            if message["type"] == "http.disconnect":
                raise Disconnected
            part = message.get("body", b"")
            length += len(part)
            if length > limit_bytes:
                raise BodyTooLarge
            file.write(part)
            if not message.get("more_body", False):
                break
            message = await receive()
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _declared_length(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
