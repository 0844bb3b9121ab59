"""Requests over kept-alive connections, against a server that answers what it is told to."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager

import pytest

from benchmarks.driving import connections
from benchmarks.driving.connections import BadAnswer, Load, request, send


class Answering(socketserver.ThreadingTCPServer):
    """Gives its answers one after the other, then the last one again and again; what it was sent is in `heard`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *answers):
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers, self.heard, self.lines = list(answers), [], 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/api"


class Talk(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.lines += 1
        while head := self.rfile.readline():
            length = 0
            while (line := self.rfile.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.server.heard.append((head.decode().split()[1], self.rfile.read(length)))
            answers = self.server.answers
            status, body, *parts = answers.pop(0) if len(answers) > 1 else answers[0]
            self.wfile.write(
                b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body) + sum(map(len, parts)))
            )
            for part in (body, *parts):
                self.wfile.write(part)
            if status == 503:
                return  # as Prefect does


@contextmanager
def answering(*answers):
    with Answering(*answers) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def conversations(server, count, length=1):
    return [[request(f"{server.url}/{number}/{part}", {}) for part in range(length)] for number in range(count)]


def test_leads_every_conversation_in_its_order():
    with answering((200, b"yes")) as server:
        done = send(server.url, conversations(server, 20, 3), status=200)

        assert len(done.waits) == 60
        assert done.refused == 0
        assert server.lines == 8
        for number in range(20):
            paths = [path for path, _ in server.heard if path.startswith(f"/api/{number}/")]
            assert paths == [f"/api/{number}/{part}" for part in range(3)]


def test_leads_fewer_conversations_than_there_are_connections():
    with answering((201, b"yes")) as server:
        assert len(send(server.url, conversations(server, 2), status=201).waits) == 2


def test_puts_an_answer_together_of_its_parts():
    seen = []
    with answering((200, b"a" * 100_000, b"b" * 3_000_000, b"c")) as server:
        send(server.url, conversations(server, 1), status=200, check=lambda body: seen.append(body) is None)

    assert seen == [b"a" * 100_000 + b"b" * 3_000_000 + b"c"]


def test_sends_a_refused_request_again_and_counts_the_time_from_the_first():
    with answering((503, b"busy"), (503, b"busy"), (200, b"yes")) as server:
        done = send(server.url, conversations(server, 1), status=200, connections=1)

        assert [path for path, _ in server.heard] == ["/api/0/0"] * 3
    assert done.refused == 2
    assert done.waits[0] >= 2 * connections.PAUSE_SECONDS


@pytest.mark.parametrize("answer", [(404, b"no"), (200, b"wrong")])
def test_stops_at_an_answer_that_is_not_the_right_one(answer):
    with answering((200, b"right"), answer) as server, pytest.raises(BadAnswer, match=f"{answer[0]}"):
        send(server.url, conversations(server, 3), status=200, check=lambda body: body == b"right", connections=1)


def test_tells_the_rate_and_the_95th_percentile():
    done = Load(seconds=2.0, waits=[number / 1000 for number in range(1, 101)], refused=0, own_cpu_seconds=0.1)

    assert done.requests_per_second == 50
    assert done.p95_ms == pytest.approx(95.05)
