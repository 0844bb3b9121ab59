"""The HTTP protocol of uvicorn, with one addition: the head of an answer travels with its body.

Written one after the other they are two packets: each is a call into the kernel, and wakes the client.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_JOINED_BYTES = 64 * 1024  # to copy more takes longer than to send twice


class WholeAnswerProtocol(HttpToolsProtocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.transport: Any = JoiningTransport(transport, self.loop)

    def handle_websocket_upgrade(self) -> None:
        self.transport = self.transport.joined
        super().handle_websocket_upgrade()


class JoiningTransport:
    """Keeps what is written until there is more to send along with it, but not beyond this turn of the loop."""

    def __init__(self, joined: Any, loop: AbstractEventLoop) -> None:
        """`joined` is the transport that sends."""
        self.joined = joined
        self._loop = loop
        self._kept = b""

    def write(self, data: bytes) -> None:
        if not self._kept and len(data) <= MOST_JOINED_BYTES:
            self._kept = data
            self._loop.call_soon(self._send_kept)
            return
        if len(data) <= MOST_JOINED_BYTES:
            data = self._kept + data
            self._kept = b""
        else:
            self._send_kept()
        self.joined.write(data)

    def close(self) -> None:
        self._send_kept()
        self.joined.close()

    def is_closing(self) -> bool:
        closing: bool = self.joined.is_closing()
        return closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self.joined, name)

    def _send_kept(self) -> None:
        kept, self._kept = self._kept, b""
        if kept and not self.joined.is_closing():  # else the client has left
            self.joined.write(kept)
