"""What the code that executes may ask of its surroundings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from orchestrator import (
    FlowRunContext,
    MissingContext,
    TagsContext,
    TaskRunContext,
    flow,
    get_run_context,
    tags,
    task,
)


def test_is_that_of_the_flow():
    @flow(log_prints=True)
    def asking(number):
        context = get_run_context()
        assert isinstance(context, FlowRunContext)
        assert context == FlowRunContext.get()
        return context, context.flow_run.state.name

    context, state = asking(5)

    assert context.flow is asking
    assert context.parameters == context.flow_run.parameters == {"number": 5}
    assert context.flow_run.id
    assert (context.log_prints, context.persist_result, state) == (True, False, "Running")
    assert 0 <= (datetime.now(UTC) - context.start_time).total_seconds() < 60


def test_is_that_of_the_task_inside_of_one():
    @task
    def asking(number):
        return get_run_context(), FlowRunContext.get()

    @task
    def double(number):
        return 2 * number

    @flow
    def outer():
        return asking.submit(double.submit(2)).result()

    context, around = outer()

    assert isinstance(context, TaskRunContext)
    assert context.task is asking
    assert context.parameters == {"number": 4}
    assert context.task_run.name.startswith("asking-")
    assert context.start_time == context.task_run.start_time
    assert around.flow is outer


def test_is_that_of_a_flow_which_a_task_called():
    @flow
    def inner():
        return get_run_context(), TaskRunContext.get()

    @task
    def calling():
        return inner()

    context, task_context = calling()

    assert context.flow is inner
    assert task_context is None


def test_is_there_in_async_code():
    @task
    async def asking():
        return get_run_context()

    @flow
    async def outer():
        return get_run_context(), await asking()

    of_flow, of_task = asyncio.run(outer())

    assert (of_flow.flow, of_task.task) == (outer, asking)


def test_is_nowhere_outside_of_runs():
    assert FlowRunContext.get() is None
    assert TaskRunContext.get() is None
    with pytest.raises(MissingContext, match=r"get_run_context\(\) was called outside"):
        get_run_context()


def test_knows_the_tags():
    with tags("a"), tags("b"):
        assert TagsContext.get().current_tags == {"a", "b"}
    assert TagsContext.get().current_tags == set()


def test_is_what_cache_keys_are_made_of():
    seen = []

    @task(cache_key_fn=lambda context, parameters: seen.append(context))
    def keyed(number):
        return number

    keyed(1)

    assert isinstance(seen[0], TaskRunContext)
    assert seen[0].parameters == {"number": 1}


def test_says_how_the_run_ended_in_hooks():
    seen = []

    @flow(on_completion=[lambda flow, run, state: seen.append(FlowRunContext.get().flow_run.id == run.id)])
    def told(): ...

    told()

    assert seen == [True]
