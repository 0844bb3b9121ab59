"""Runs and replies on their way between processes."""

import threading

import pytest

from orchestrator import task
from orchestrator.sdk.errors import FailedRun, TaskNotSendable
from orchestrator.sdk.outcomes.states import MISSING, Completed, Failed, Running
from orchestrator.sdk.runners.abroad import execute_parcel
from orchestrator.sdk.runners.parcels import Packer, Reply, pack_reply, unpack_reply
from orchestrator.sdk.runners.remote import adopt
from orchestrator.sdk.tasks.task_run import TaskRun


class Fussy(Exception):
    """Cannot be pickled, whatever libraries have taught pickle about exceptions."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")

    def __reduce__(self):
        raise TypeError("I stay here")


class Unpicklable:
    def __reduce__(self):
        raise RuntimeError("I stay here")


def there_and_back(task, **parameters):
    """The run after it was executed from a parcel, and the reply that it was told."""
    run = TaskRun(task, parameters)
    reply = unpack_reply(execute_parcel(Packer().pack(run, parameters)))
    adopt(run, reply.states, told=reply.told)
    return run, reply


def test_executes_a_closure_with_what_it_holds():
    step = 5

    @task
    def add(number):
        return number + step

    run, reply = there_and_back(add, number=1)

    assert run.state.result() == 6
    assert [state.name for state in reply.states] == ["Running", "Completed"]


def test_keeps_the_identity_of_the_run():
    seen = TaskRun(task(lambda: None), {}).__dict__.keys()

    @task(tags=["blue"])
    def who():
        from orchestrator.sdk.context import current_task_run

        run = current_task_run.get()
        return run.id, run.name, run.tags, set(vars(run))

    run, _ = there_and_back(who)

    run_id, name, tags, attributes = run.state.result()
    assert (run_id, name, tags) == (run.id, run.name, ("blue",))
    assert attributes >= set(seen)


def test_tries_again_at_the_other_end():
    @task(retries=2)
    def unlucky(tries=[]):  # noqa: B006 - it counts its calls
        tries.append(1)
        if len(tries) < 2:
            raise ValueError("once")
        return len(tries)

    run, reply = there_and_back(unlucky, tries=[])

    assert [state.name for state in reply.states] == ["Running", "AwaitingRetry", "Retrying", "Completed"]
    assert (run.state.result(), run.run_count) == (2, 2)


def test_brings_exceptions_back_with_where_they_were_raised():
    @task
    def bad():
        raise ValueError("too small")

    run, _ = there_and_back(bad)

    with pytest.raises(ValueError, match="too small") as caught:
        run.state.result()
    assert "in bad" in caught.value.__notes__[0]


def test_survives_what_ends_a_process():
    @task
    def leave():
        raise SystemExit(3)

    run, _ = there_and_back(leave)

    assert run.state.is_crashed()


def test_executes_coroutines():
    @task
    async def wait():
        return "waited"

    run, _ = there_and_back(wait)

    assert run.state.result() == "waited"


@pytest.mark.parametrize(
    ("value", "words"),
    [(threading.Lock(), "cannot be pickled"), (Unpicklable(), "I stay here")],
)
def test_says_that_a_parameter_cannot_be_pickled(value, words):
    run = TaskRun(task(lambda x: x, name="mine"), {"x": value})

    with pytest.raises(TaskNotSendable, match="parameters") as caught:
        Packer().pack(run, run.parameters)
    assert "cannot be pickled" in str(caught.value)
    assert words in str(caught.value) or words == "cannot be pickled"


def test_says_that_a_function_cannot_be_pickled():
    lock = threading.Lock()

    @task
    def holds():
        return lock

    with pytest.raises(TaskNotSendable, match=r"'holds'.*function"):
        Packer().pack(TaskRun(holds, {}), {})


def test_fails_when_the_result_cannot_be_pickled():
    reply = unpack_reply(pack_reply(Reply("run", [Running(), Completed(data=Unpicklable())])))

    assert reply.states[-1].is_failed()
    assert "I stay here" in reply.states[-1].message


def test_fails_when_the_result_is_too_large():
    reply = unpack_reply(pack_reply(Reply("run", [Completed(data=b"x" * 1000)]), most_bytes=500))

    assert reply.states[-1].is_failed()
    assert "500 are the most" in reply.states[-1].message


def test_replaces_an_exception_that_would_not_come_back():
    reply = unpack_reply(pack_reply(Reply("run", [Failed(message="no", data=Fussy(1, 2))])))

    assert isinstance(reply.states[-1].outcome, FailedRun)
    assert "Fussy: 1 and 2" in str(reply.states[-1].outcome)


def test_keeps_the_absence_of_a_result():
    reply = unpack_reply(pack_reply(Reply("run", [Failed(message="no")])))

    assert reply.states[-1].outcome is MISSING


def test_pickles_a_task_once_for_many_runs(monkeypatch):
    add = task(lambda number: number + 1, name="add")
    packer = Packer()
    first = TaskRun(add, {"number": 1})
    packer.pack(first, first.parameters)
    monkeypatch.setattr(type(add), "__reduce__", lambda self: pytest.fail("pickled again"))

    second = TaskRun(add, {"number": 2})

    assert packer.pack(second, second.parameters)
