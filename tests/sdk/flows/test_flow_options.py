"""The options of flows: accepted, refused, copied."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from orchestrator import flow
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import MissingResult
from orchestrator.sdk.outcomes.states import MISSING


def plain() -> str:
    return "made"


plain_flow = flow(plain, name="plain")


def test_takes_its_name_as_the_only_argument():
    @flow("My flow", log_prints=True)
    def function(): ...

    assert (function.name, function.log_prints) == ("My flow", True)


# how Prefect 1 and 2 spell it -> the attribute, and its value
SPELLED = [
    ({"max_retries": 3, "retry_delay": timedelta(seconds=5)}, {"retries": 3, "retry_delay_seconds": 5.0}),
    ({"timeout": 30}, {"timeout_seconds": 30.0}),
    ({"timeout_seconds": timedelta(minutes=1)}, {"timeout_seconds": 60.0}),
    ({"log_stdout": True}, {"log_prints": True}),
    ({"retries": None, "log_prints": None}, {"retries": 0, "log_prints": False}),
    ({"validate_parameters": False}, {"should_validate_parameters": False}),
]


@pytest.mark.parametrize(("options", "attributes"), SPELLED)
def test_accepts_options_as_earlier_tutorials_spell_them(options, attributes):
    made = flow(**options)(plain)

    assert {name: getattr(made, name) for name in attributes} == attributes


# options -> what the message says
REFUSED = [
    ({"retires": 3}, "A flow has no option 'retires'; did you mean 'retries'?"),
    ({"on_fail": []}, "did you mean 'on_failure'?"),
    ({"xyzzy": 3}, "A flow has no option 'xyzzy'; there are cache_result_in_memory"),
    ({"retries": 1, "max_retries": 2}, "is given 'retries' twice, also spelled 'max_retries'"),
    ({"name": 3}, "the name of a flow is 3"),
    ({"name": plain}, "a function that was not called"),
    ({"persist_result": "yes"}, "persist_result is 'yes'"),
    ({"task_runner": 4}, "task_runner is 4"),
]


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_refuses_options_that_there_are_not(options, said):
    with pytest.raises(TypeError) as refused:
        flow(**options)(plain)

    assert said in str(refused.value)


def test_refuses_an_unknown_option_before_there_is_a_function():
    with pytest.raises(TypeError, match="retries"):
        flow(retires=3)


def test_keeps_everything_in_a_copy():
    original = flow(plain, name="first", retries=2, tags=["a"], validate_parameters=False, timeout_seconds=3)
    original.on_failure(print)

    copy = original.with_options(name="second", retry_delay=timedelta(seconds=1))

    assert (copy.name, copy.retries, copy.retry_delay, copy.timeout_seconds) == ("second", 2, 1.0, 3.0)
    assert (copy.tags, copy.should_validate_parameters) == (frozenset({"a"}), False)
    assert copy.on_failure_hooks == [print]
    assert copy.on_failure_hooks is not original.on_failure_hooks
    assert original.name == "first"


def test_refuses_unknown_options_of_a_copy():
    with pytest.raises(TypeError, match="did you mean 'timeout_seconds'"):
        flow(plain).with_options(timeout_second=3)


def test_may_stand_above_the_decorators_of_methods():
    class Report:
        factor = 2

        @flow
        @classmethod
        def of_class(cls, number: int):
            return cls.factor * number

        @flow
        @staticmethod
        def alone(number: int):
            return number

    assert (Report.of_class("2"), Report().of_class(3), Report.alone("4"), Report().alone(5)) == (4, 6, 4, 5)


def test_describes_its_parameters():
    @flow
    def load(limit: int = 3): ...

    assert load.parameters["properties"] == {
        "limit": {"position": 0, "title": "limit", "type": "integer", "default": 3}
    }


def test_says_what_kind_of_function_it_is():
    async def later(): ...

    def items():
        yield 1

    async def items_later():
        yield 1

    kinds = [(made.isasync, made.isgenerator) for made in map(flow, (plain, later, items, items_later))]

    assert kinds == [(False, False), (True, False), (False, True), (True, True)]


def test_is_described_and_deployed_in_async_code(api):
    async def main():
        described = await plain_flow.to_deployment("nightly")
        return described, await plain_flow.deploy("daily", work_pool_name="default"), await plain_flow.adeploy("weekly")

    described, *ids = asyncio.run(main())

    assert described.name == "nightly"
    assert ids == [api.deployments["daily"]["id"], api.deployments["weekly"]["id"]]


def test_stores_its_result(api, tmp_path):
    stored = flow(plain, result_storage=str(tmp_path), result_serializer="json", cache_result_in_memory=False)

    state = stored(return_state=True)

    assert api.the_run()["state"]["data"] is not None
    assert state.outcome is not plain()
    assert state.result() == "made"
    assert any(tmp_path.rglob("*"))


def test_leaves_its_result_in_no_memory_when_it_is_told_not_to(api, tmp_path):
    runs = []

    @flow(result_storage=str(tmp_path), cache_result_in_memory=False)
    def made():
        runs.append(current_flow_run.get())
        return "made"

    assert made() == "made"
    assert runs[0].state.is_completed()
    assert runs[0].state.outcome is MISSING


def test_does_not_store_its_result_by_default(api):
    flow(plain)()

    assert not api.the_run()["state"].get("data")


def test_misses_a_result_that_was_removed(api, tmp_path):
    state = flow(plain, result_storage=str(tmp_path), cache_result_in_memory=False)(return_state=True)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.unlink()

    with pytest.raises(MissingResult):
        state.result()
