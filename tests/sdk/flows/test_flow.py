"""Flows and their runs: the plain course of things."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator import (
    Cancelled,
    Completed,
    Failed,
    FailedRun,
    flow,
    tags,
    task,
)
from orchestrator.sdk.errors import RefusedRun


@task
def one() -> int:
    return 1


@task
def broken() -> None:
    raise ValueError("bad task")


def test_returns_the_result(api):
    @flow
    def double(x, y=2):
        return x * y

    result = double(21)

    assert result == 42
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert api.the_run()["parameters"] == {"x": 21, "y": 2}


def test_runs_without_a_server(capsys):
    @flow
    def alone():
        return one()

    result = alone()

    said = capsys.readouterr().err
    assert result == 1
    assert "ORCHESTRATOR_API_URL is not set" in said
    assert "- Finished in state Completed()" in said
    assert "Task run 'one-" in said


def test_names_the_flow_after_the_function():
    @flow
    def my_first_flow():
        """What it does."""

    assert my_first_flow.name == "my-first-flow"
    assert my_first_flow.description == "What it does."
    assert my_first_flow.with_options(name="other").name == "other"


def test_raises_what_the_function_raises(api):
    @flow
    def failing():
        broken()

    with pytest.raises(ValueError, match="bad task"):
        failing()

    state = api.the_run()["state"]
    assert (state["type"], state["name"]) == ("FAILED", "Failed")
    assert "bad task" in state["message"]
    assert "ValueError" in "\n".join(api.messages())


def test_gives_the_state_on_request(api):
    @flow
    def failing():
        raise ValueError("no")

    state = failing(return_state=True)

    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), ValueError)
    assert state.state_details.flow_run_id == api.the_run()["id"]


# what the flow returns -> type, name and message of its final state
RETURNED = [
    (lambda: Completed(message="custom", name="AllGood"), ("COMPLETED", "AllGood", "custom")),
    (lambda: Failed(message="I say so"), ("FAILED", "Failed", "I say so")),
    (lambda: Failed(message=ValueError("an error")), ("FAILED", "Failed", "an error")),
    (lambda: Cancelled(message="enough"), ("CANCELLED", "Cancelled", "enough")),
    (lambda: broken.submit(), ("FAILED", "Failed", "Task run failed with ValueError: bad task")),
    (lambda: broken(return_state=True), ("FAILED", "Failed", "Task run failed with ValueError: bad task")),
    # one of two is not good enough
    (lambda: [one.submit(), broken.submit()], ("FAILED", "Failed", "1 of 2 returned states did not complete.")),
    (lambda: [one.submit(), one.submit()], ("COMPLETED", "Completed", "All returned states completed.")),
    # a failed task that nobody returned does not fail the flow
    (lambda: (broken.submit().wait(), 5)[1], ("COMPLETED", "Completed", None)),
]


@pytest.mark.parametrize(("make", "expected"), RETURNED)
def test_ends_as_the_returned_value_says(api, make, expected):
    @flow
    def returning():
        return make()

    returning(return_state=True)

    state = api.the_run()["state"]
    assert (state["type"], state["name"], state["message"]) == expected


def test_raises_when_a_failed_state_is_returned():
    @flow
    def returning():
        return Failed(message="I say so")

    with pytest.raises(FailedRun, match="I say so"):
        returning()


def test_takes_its_instance_when_it_is_a_method():
    class Report:
        factor = 3

        @flow
        def scaled(self, number):
            return self.factor * number

        @classmethod
        @flow
        def of_class(cls, number):
            return cls.factor * number

        @staticmethod
        @flow
        def alone(number):
            return number

        @flow
        async def later(self, number):
            return self.factor * number

    results = [Report().scaled(2), Report.of_class(3), Report.alone(4), asyncio.run(Report().later(5))]

    assert results == [6, 9, 4, 15]


def test_takes_tags_from_the_context(api):
    @flow(tags=["own"])
    def tagged():
        one()

    with tags("outer", "own"):
        tagged()

    assert api.the_run()["tags"] == ["outer", "own"]
    assert api.last_event("one")["payload"]["task_run"]["tags"] == ["outer", "own"]


def test_runs_an_async_flow(api):
    @task
    async def aone():
        await asyncio.sleep(0.01)
        return 1

    @flow
    async def main():
        return sum(await asyncio.gather(aone(), aone())) + one()

    assert asyncio.run(main()) == 3
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert sorted(api.task_states("aone")) == sorted(["Pending", "Running", "Completed"] * 2)


def test_runs_a_sync_flow_inside_an_event_loop():
    @flow
    def plain():
        return one.submit().result()

    async def notebook():
        return plain()

    assert asyncio.run(notebook()) == 1


def test_waits_when_the_server_says_wait(api):
    api.plan("Running", {"status": "WAIT", "state": None, "details": {"delay_seconds": 0, "reason": "early"}})

    @flow
    def patient():
        return 1

    assert patient() == 1
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_does_not_run_when_the_server_aborts(api):
    api.plan("Running", {"status": "ABORT", "details": {"reason": "somebody else has it"}})
    ran = []

    @flow
    def refused():
        ran.append(1)

    with pytest.raises(RefusedRun, match="somebody else has it"):
        refused()
    assert ran == []


def test_takes_a_stored_state_as_accepted_when_the_answer_was_lost(api):
    answered = api.handle
    lost = []

    def losing(request):
        answer = answered(request)
        if b'"type":"RUNNING"' in (request.body or b"") and not lost:
            lost.append(1)
            raise ConnectionResetError("gone")
        return answer

    api.handle = losing

    @flow
    def lucky():
        return 1

    assert lucky() == 1
    assert api.state_names() == ["Pending", "Running", "Completed"]
