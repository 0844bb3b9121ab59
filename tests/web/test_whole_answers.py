"""What is written of an answer, and in how many packets it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvicorn
from uvicorn.server import ServerState

from orchestrator.web.whole_answers import MOST_JOINED_BYTES, JoiningTransport, WholeAnswerProtocol

LARGE = b"x" * (MOST_JOINED_BYTES + 1)


class Wire(asyncio.Transport):
    """Notes what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_protocol(self) -> str:
        return "its own"


def sent_by(write: Callable[[JoiningTransport], None]) -> list[bytes]:
    """What has been sent when the loop has turned once."""

    async def main() -> list[bytes]:
        wire = Wire()
        write(JoiningTransport(wire, asyncio.get_running_loop()))
        await asyncio.sleep(0)
        return wire.sent

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("parts", "sent"),
    [
        ([b"head", b"body"], [b"headbody"]),
        ([b"head"], [b"head"]),
        ([b"head", b""], [b"head"]),
        ([b"head", LARGE], [b"head", LARGE]),
        ([LARGE, b"end"], [LARGE, b"end"]),
        ([b"head", b"1", b"2", b"3", b"4"], [b"head1", b"23", b"4"]),
        ([b"head", b"1", LARGE, b"2"], [b"head1", LARGE, b"2"]),
    ],
)
def test_sends_what_is_written_in_its_order(parts, sent):
    assert sent_by(lambda transport: [transport.write(part) for part in parts]) == sent


def test_sends_what_it_keeps_before_it_closes():
    def write(transport):
        transport.write(b"head")
        transport.close()
        assert transport.joined.closed

    assert sent_by(write) == [b"head"]


def test_sends_nothing_to_a_client_who_has_left():
    def write(transport):
        transport.write(b"head")
        transport.joined.closed = True

    assert sent_by(write) == []


def test_does_all_else_as_the_transport_that_sends():
    assert sent_by(lambda transport: transport.get_protocol() == "its own" or transport.write(b"no")) == []


def test_answers_a_request_in_one_packet():
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def main():
        wire = Wire()
        protocol = WholeAnswerProtocol(uvicorn.Config(application, lifespan="off"), ServerState(), {})
        protocol.connection_made(wire)
        for _ in range(2):
            protocol.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            await asyncio.sleep(0.01)
        protocol.connection_lost(None)
        return wire.sent

    answers = asyncio.run(main())

    assert len(answers) == 2
    assert all(answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"\r\n\r\nok") for answer in answers)
