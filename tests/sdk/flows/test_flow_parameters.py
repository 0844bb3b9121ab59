"""The arguments of flows, and the names that runs get from them."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from orchestrator import (
    ParameterBindError,
    flow,
    task,
)
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import ParameterTypeError, ReservedParameter, RunNameError
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow


def test_fills_its_run_name_from_the_parameters(api):
    @flow(flow_run_name="load-{table}-{day}")
    def load(table, day=1):
        return None

    load("users")

    assert api.the_run()["name"] == "load-users-1"


def test_asks_a_function_for_its_run_name(api):
    @flow(flow_run_name=lambda parameters: f"for {parameters['who']}")
    def greet(who):
        return None

    greet("Ada")

    assert api.the_run()["name"] == "for Ada"


def test_refuses_a_run_name_with_an_unknown_parameter():
    @flow(flow_run_name="load-{table}")
    def load():
        return None

    with pytest.raises(RunNameError, match="table"):
        load()


# positional arguments, keyword arguments, what the message says
MISFITS = [
    ((), {}, "missing a required argument: 'x'"),
    ((1, 2, 3), {}, "too many positional arguments"),
    ((1,), {"z": 1}, "unexpected keyword argument 'z'"),
]


@pytest.mark.parametrize(("positional", "keywords", "said"), MISFITS)
def test_refuses_arguments_that_do_not_fit(positional, keywords, said):
    @flow
    def strict(x, y=1):
        return None

    with pytest.raises(ParameterBindError, match=said):
        strict(*positional, **keywords)


def test_refuses_a_reserved_parameter_name():
    with pytest.raises(ReservedParameter, match="wait_for"):

        @flow
        def wrong(wait_for):
            return None


def test_passes_rest_arguments_on():
    @flow
    def rest(a, *more, key, **others):
        return a, more, key, others

    assert rest(1, 2, 3, key=4, other=5) == (1, (2, 3), 4, {"other": 5})


def test_makes_arguments_what_the_type_hints_say(api):
    @flow
    def load(day: date, limit: int = "10", tables: list[str] | None = None):
        return day, limit, tables

    assert load("2026-11-21", tables=("a",)) == (date(2026, 11, 21), 10, ["a"])
    assert api.the_run()["parameters"] == {"day": "2026-11-21", "limit": 10, "tables": ["a"]}


def test_makes_the_results_of_tasks_what_the_type_hints_say(api):
    @task
    def count():
        return "3"

    @flow
    def child(number: int):
        return number

    @flow
    def parent():
        return child(count.submit())

    assert parent() == 3


def test_refuses_arguments_that_the_type_hints_refuse(api):
    ran = []

    @flow(retries=3)
    def load(day: date, limit: int = 10):
        ran.append(day)

    with pytest.raises(ParameterTypeError, match="flow 'load': 2 parameters do not fit") as refused:
        load("soon", limit="many")

    assert ran == []
    assert api.state_names() == ["Pending", "Failed"]
    assert api.the_run()["state"]["message"] == str(refused.value)
    assert str(refused.value) in api.messages()


@pytest.mark.parametrize("served", [True, False])
def test_gives_the_state_of_a_run_whose_arguments_are_refused(api, served):
    @flow(retries=1)
    def load(limit: int): ...

    with use_client(api.client() if served else None):
        state = load("many", return_state=True)

    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), ParameterTypeError)


def test_refuses_arguments_of_an_async_flow(api):
    @flow
    async def load(limit: int): ...

    with pytest.raises(ParameterTypeError):
        asyncio.run(load("many"))


def test_leaves_arguments_alone_on_request(api):
    @flow(validate_parameters=False)
    def load(limit: int):
        return limit

    assert load("10") == "10"
    assert load.validate_parameters({"limit": "10"}) == {"limit": 10}


def test_shows_a_function_that_makes_the_name_its_run(api):
    seen = []

    def name():
        run = current_flow_run.get()
        seen.append((run.flow.name, run.parameters))
        return "named"

    @flow(flow_run_name=name)
    def load(limit: int): ...

    load("3")

    assert seen == [("load", {"limit": 3})]
    assert api.the_run()["name"] == "named"
    assert current_flow_run.get() is None


def test_fails_a_claimed_run_whose_parameters_are_refused(api):
    @flow
    def load(limit: int): ...

    state = run_claimed_flow(load, flow_run=api.add_pending_run(parameters={"limit": "many"}))

    assert state.is_failed()
    assert "limit = 'many': int is expected" in api.the_run()["state"]["message"]
    assert any("limit = 'many': int is expected" in message for message in api.messages())


def test_gives_a_claimed_run_its_parameters_as_types(api):
    @flow(flow_run_name="for {day:%A}")
    def load(day: date):
        return day

    state = run_claimed_flow(load, flow_run=api.add_pending_run(parameters={"day": "2026-11-21"}))

    assert state.result() == date(2026, 11, 21)
    assert api.the_run()["name"] == "for Saturday"
