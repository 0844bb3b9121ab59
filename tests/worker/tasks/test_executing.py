"""One submission in a process of the worker, with a broker that only takes notes."""

import time
from base64 import b64decode, b64encode
from types import SimpleNamespace

import pytest

from orchestrator import task
from orchestrator.broker.signing import Signer
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.runners.parcels import Packer, unpack_reply
from orchestrator.sdk.tasks.task_run import TaskRun
from orchestrator.worker.tasks.executing import execute

SIGNER = Signer("a key")


class Office:
    """What a worker has, and what it answered."""

    signer = SIGNER
    queue = "tasks.default"
    own_queue = "worker.default/w"
    settings = SimpleNamespace(concurrency=2)

    def __init__(self):
        self.answers = []
        self.awaited = True

    def is_awaited(self, queue):
        return self.awaited

    def answer(self, queue, letter, **_):
        self.answers.append((queue, letter))


@pytest.fixture
def office():
    return Office()


ABOUT = {"key": "run", "attempt": 1, "sending": 2}


def submission(parcel, *, signer=SIGNER, reply_to="replies.1", age=0.0):
    sent_at = time.time() - age
    parts = (b"tasks.default", reply_to.encode(), b"run", b"1", b"2", repr(sent_at).encode(), parcel)
    return {
        **ABOUT,
        "reply_to": reply_to,
        "sent_at": sent_at,
        "parcel": b64encode(parcel).decode(),
        "signature": signer.sign("task run", *parts),
    }


def parcel_for(function, **parameters):
    with use_client(None):
        return Packer().pack(TaskRun(task(function, name="mine"), parameters), parameters)


def test_answers_with_the_reply(office):
    word = execute(office, submission(parcel_for(lambda number: number + 1, number=1)), redelivered=False)

    ((queue, letter),) = office.answers
    assert (word, queue, letter["kind"], letter["key"]) == ("executed", "replies.1", "reply", "run")
    assert unpack_reply(b64decode(letter["reply"])).states[-1].result() == 2


def test_gives_back_what_it_gets_a_second_time(office):
    word = execute(office, submission(parcel_for(lambda: 1)), redelivered=True)

    assert word == "again"
    assert office.answers == [("replies.1", {"kind": "again", **ABOUT})]


def test_says_that_it_executes_what_came_again_meanwhile(office, tmp_path):
    mark = tmp_path / "mark"

    execute(office, submission(parcel_for(mark.touch)), redelivered=True, executes=True)

    life = {"kind": "alive", "worker": "worker.default/w", "processes": 2, "runs": [["run", 1, 2]]}
    assert office.answers == [("replies.1", life)]
    assert not mark.exists()


def test_opens_nothing_of_a_stranger(office):
    word = execute(office, submission(b"anything", signer=Signer("another key")), redelivered=False)

    assert word == "stranger"
    assert office.answers == [("replies.1", {"kind": "stranger", **ABOUT})]


def test_answers_a_stranger_nowhere_else(office):
    execute(office, submission(b"x", signer=Signer("another key"), reply_to="pool.default"), redelivered=False)

    assert office.answers == []


def test_says_why_it_could_not_open_a_parcel(office):
    execute(office, submission(b"no pickle"), redelivered=False)

    ((_, letter),) = office.answers
    final = unpack_reply(b64decode(letter["reply"])).states[-1]
    assert final.is_failed()
    assert "UnpicklingError" in final.message


def test_refuses_a_result_that_is_too_large(office):
    execute(office, submission(parcel_for(lambda: b"x" * 9_000_000)), redelivered=False)

    ((_, letter),) = office.answers
    assert "8,000,000 are the most" in unpack_reply(b64decode(letter["reply"])).states[-1].message


@pytest.mark.parametrize("name", ["attempt", "sending", "sent_at"])
def test_takes_a_submission_that_somebody_changed_for_a_stranger(office, name):
    told = submission(parcel_for(lambda: 1))

    assert execute(office, {**told, name: told[name] + 1}, redelivered=False) == "stranger"


def test_executes_nothing_that_was_sent_long_ago(office, tmp_path):
    mark = tmp_path / "mark"

    word = execute(office, submission(parcel_for(mark.touch), age=90_000), redelivered=False)

    assert word == "old"
    assert office.answers == [("replies.1", {"kind": "old", **ABOUT})]
    assert not mark.exists()


def test_executes_nothing_that_nobody_waits_for(office, tmp_path):
    mark = tmp_path / "mark"
    office.awaited = False

    word = execute(office, submission(parcel_for(mark.touch)), redelivered=False)

    assert word == "unawaited"
    assert office.answers == [("replies.1", {"kind": "unawaited", **ABOUT})]
    assert not mark.exists()
