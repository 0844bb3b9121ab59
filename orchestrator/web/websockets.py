"""The websocket protocol of uvicorn, with one addition: a PONG can wait until what came before its PING is stored.

Clients that report events take the PONG as the receipt for everything that they sent before, and forget it then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orchestrator.web.receipts import EXTENSION, PING, Receipts


class ReceiptProtocol(WebSocketsSansIOProtocol):
    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        self._receipts = Receipts()
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self._receipts  # type: ignore[assignment]

    def handle_ping(self) -> None:
        if not self._receipts.wanted:
            super().handle_ping()
            return
        pong = b"".join(self.conn.data_to_send())
        self.queue.put_nowait({"type": PING, "answer": self._sender_of(pong)})  # type: ignore[arg-type]
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # the request is answered, if not with a socket

    def _sender_of(self, pong: bytes) -> Callable[[], None]:
        def answer() -> None:
            if not self.transport.is_closing():
                self.transport.write(pong)

        return answer
