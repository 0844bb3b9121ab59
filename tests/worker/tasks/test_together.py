"""Several submissions in one message, in a process of the worker, with a broker that only takes notes."""

import threading
import time
from base64 import b64decode, b64encode
from types import SimpleNamespace

import pytest

from orchestrator import task
from orchestrator.broker.signing import Signer
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.runners.parcels import Packer, unpack_reply
from orchestrator.sdk.tasks.task_run import TaskRun
from orchestrator.worker.tasks import together
from orchestrator.worker.tasks.together import execute_together

SIGNER = Signer("a key")


class Office:
    """What a worker has, and what it answered."""

    signer = SIGNER
    queue = "tasks.default"
    own_queue = "worker.default/w"

    def __init__(self, **options):
        self.settings = SimpleNamespace(concurrency=2, celery=options)
        self.answers = []

    def is_awaited(self, queue):
        return True

    def answer(self, queue, letter, **_):
        self.answers.append(letter)

    @property
    def said(self):
        return [(letter["kind"], letter["key"]) for letter in self.answers]


@pytest.fixture
def office():
    return Office()


def submission(key, function, *, signer=SIGNER):
    with use_client(None):
        parcel = Packer().pack(TaskRun(task(function, name="mine"), {}), {})
    sent_at = time.time()
    parts = (b"tasks.default", b"replies.1", key.encode(), b"1", b"2", repr(sent_at).encode(), parcel)
    return {
        "key": key,
        "attempt": 1,
        "sending": 2,
        "reply_to": "replies.1",
        "sent_at": sent_at,
        "parcel": b64encode(parcel).decode(),
        "signature": signer.sign("task run", *parts),
    }


def execute(office, *submissions, redelivered=False, executes=False):
    return execute_together(office, list(submissions), redelivered=redelivered, executes=executes)


def test_answers_each_in_its_turn(office):
    execute(office, submission("a", lambda: 1), submission("b", lambda: 2))

    results = [unpack_reply(b64decode(letter["reply"])).states[-1].result() for letter in office.answers]
    assert (office.said, results) == ([("reply", "a"), ("reply", "b")], [1, 2])


def test_answers_one_before_the_next_begins(office, monkeypatch):
    said_by_then = []
    execution = together.execute

    def noted(office, told, **how):
        said_by_then.append([key for _, key in office.said])
        return execution(office, told, **how)

    monkeypatch.setattr(together, "execute", noted)

    execute(office, submission("a", lambda: None), submission("b", lambda: None))

    assert said_by_then == [[], ["a"]]


def test_gives_back_what_has_not_begun_when_one_takes_long(office, monkeypatch):
    monkeypatch.setattr(together, "PATIENCE_SECONDS", 0.05)
    given_back = threading.Event()
    real = office.answer

    def answer(queue, letter, **how):
        real(queue, letter, **how)
        if ("not begun", "c") in office.said:
            given_back.set()

    monkeypatch.setattr(office, "answer", answer)
    told = [submission(key, lambda: None) for key in "abc"]
    execution = together.execute

    def first_takes_long(office, submission, **how):
        if submission["key"] == "a":
            assert given_back.wait(5)
        return execution(office, submission, **how)

    monkeypatch.setattr(together, "execute", first_takes_long)

    execute(office, *told)

    assert office.said == [("not begun", "b"), ("not begun", "c"), ("reply", "a")]


def test_gives_the_others_back_when_one_was_told_to_stop(office, monkeypatch):
    monkeypatch.setattr(together, "execute", lambda office, submission, **_: "stopped")

    execute(office, submission("a", lambda: None), submission("b", lambda: None))

    assert office.said == [("not begun", "b")]


def test_executes_one_alone_where_processes_are_replaced_after_so_many():
    office = Office(max_tasks_per_child=1)

    execute(office, submission("a", lambda: None), submission("b", lambda: None))

    assert office.said == [("reply", "a"), ("not begun", "b")]


def test_gives_nothing_back_to_a_stranger(office, monkeypatch):
    monkeypatch.setattr(together, "execute", lambda office, submission, **_: "stopped")

    execute(office, submission("a", lambda: None), submission("b", lambda: None, signer=Signer("another key")))

    assert office.answers == []


def test_gives_back_what_it_gets_a_second_time(office):
    execute(office, submission("a", lambda: 1), submission("b", lambda: 2), redelivered=True)

    assert office.said == [("again", "a"), ("again", "b")]


def test_says_nothing_of_what_it_still_executes(office):
    assert execute(office, submission("a", lambda: 1), redelivered=True, executes=True) == "executes"

    assert office.answers == []
