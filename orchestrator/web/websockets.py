"""The websocket protocol of uvicorn, with one addition: a PONG can wait until what came before its PING is stored.

Clients that report events take the PONG as the receipt for everything that they sent before, and forget it then.
What is no websocket's request or no text is refused without a word in the log: it says nothing about this server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from orchestrator.web.receipts import EXTENSION, PING, Receipts

INVALID_TEXT = 1007  # the code of closing
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class ReceiptProtocol(WebSocketsSansIOProtocol):
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A POST that asks for a socket, for example: nobody else would ever answer it.
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
            self.transport.close()

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        self._receipts = Receipts()
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self._receipts  # type: ignore[assignment]

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            self.frames = []
            self.conn.send_close(INVALID_TEXT)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

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


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
