"""Looking at a run until it has ended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orchestrator.sdk.errors import ServerUnreachable
from orchestrator.sdk.watching.until_ended import looks_until_ended

RUNNING = {"id": "r", "state": {"type": "RUNNING", "name": "Running"}}
ENDED = {"id": "r", "state": {"type": "COMPLETED", "name": "Completed"}}


class Server:
    """Answers in turn; an exception among the answers is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.transport = SimpleNamespace(address="memory")

    def ask(self, method, path, *, patience_seconds):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def looks(server, **options):
    return list(looks_until_ended(server, RUNNING, **{"timeout": None, "poll_interval": 0.001, **options}))


def test_ends_with_the_run_that_has_ended():
    assert looks(Server(RUNNING, ENDED)) == [RUNNING, RUNNING, ENDED]


def test_ends_when_the_time_is_over():
    assert looks(Server(), timeout=0) == [RUNNING]


def test_asks_a_server_again_that_does_not_answer():
    assert looks(Server(ServerUnreachable("away"), ENDED)) == [RUNNING, RUNNING, ENDED]


def test_is_stopped_before_it_looks_again():
    with pytest.raises(KeyError):
        looks(Server(), stop=lambda: KeyError("stop"))
