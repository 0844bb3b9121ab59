"""Flows in a block: the plain course of things."""

from __future__ import annotations

import pytest

from orchestrator import (
    BuildError,
    Flow,
    Parameter,
    ParameterBindError,
    ThreadPoolTaskRunner,
    flow,
    tags,
    task,
    unmapped,
)


@task
def extract(n):
    return list(range(n))


@task
def transform(x, factor=1):
    return x * factor


@task
def load(rows, where="table"):
    return f"{rows} in {where}"


@task
def broken():
    raise ValueError("bad task")


@task
def finish():
    return "finished"


def etl() -> tuple[Flow, dict]:
    with Flow("etl") as built:
        n = Parameter("n", default=3)
        rows = extract(n)
        out = transform.map(rows, factor=unmapped(2))
        loaded = load(out)
    return built, {"n": n, "rows": rows, "out": out, "loaded": loaded}


def test_runs_what_was_called_in_the_block():
    built, nodes = etl()

    state = built.run()

    assert state.is_successful()
    assert state.result[nodes["rows"]].result == [0, 1, 2]
    assert state.result[nodes["out"]].result == [0, 2, 4]
    assert state.result[nodes["loaded"]].result == "[0, 2, 4] in table"


def test_takes_parameters():
    built, nodes = etl()

    state = built.run(parameters={"n": 2})
    other = built.run(n=1)

    assert state.result[nodes["out"]].result == [0, 2]
    assert state.result[nodes["n"]].result == 2
    assert other.result[nodes["out"]].result == [0]


def test_is_one_flow_run_with_a_task_run_for_each_node(api):
    built, _ = etl()

    built.run(n=2)

    assert api.the_run()["parameters"] == {"n": 2}
    assert api.state_names() == ["Pending", "Running", "Completed"]
    assert api.task_states("extract") == ["Pending", "Running", "Completed"]
    assert sorted(api.task_states("transform")) == [
        "Completed",
        "Completed",
        "Pending",
        "Pending",
        "Running",
        "Running",
    ]


def test_records_what_a_task_waited_for(api):
    built, _ = etl()

    built.run(n=1)

    loaded = api.last_event("load")["payload"]["task_run"]
    transformed = api.last_event("transform")["resource"]["prefect.resource.id"]
    assert loaded["task_inputs"]["rows"] == [
        {"input_type": "task_run", "id": transformed.removeprefix("prefect.task-run.")}
    ]


def test_is_called_as_every_flow_is():
    built, _ = etl()

    assert built(n=2) == {"load": "[0, 2] in table"}


def test_is_a_subflow_of_another_flow():
    built, _ = etl()

    @flow
    def outer():
        return built(n=1)

    assert outer() == {"load": "[0] in table"}


def test_runs_a_task_at_once_outside_of_blocks():
    etl()

    assert extract(2) == [0, 1]


def test_runs_a_flow_at_once_inside_a_block():
    @flow
    def inner():
        return extract(2)

    with Flow("outer") as built:
        found = inner()
        load(found)

    assert found == [0, 1]
    assert built.run().result() == {"load": "[0, 1] in table"}


def test_fails_when_the_last_task_fails():
    with Flow("fails") as built:
        bad = broken()

    state = built.run()

    assert state.is_failed()
    assert "'broken'" in state.message
    assert isinstance(state.result[bad].result, ValueError)
    with pytest.raises(ValueError, match="bad task"):
        built()


def test_does_not_run_what_depends_on_a_failure(api):
    with Flow("fails") as built:
        bad = broken()
        after = load(bad)
        other = extract(1)

    state = built.run()

    assert state.result[after].name == "TriggerFailed"
    assert state.result[other].is_successful()
    assert api.task_states("load") == ["Pending", "TriggerFailed"]
    with pytest.raises(ValueError, match="bad task"):
        state.result()


def test_lets_reference_tasks_decide():
    with Flow("fails a little") as built:
        extracted = extract(1)
        broken()
    built.set_reference_tasks([extracted])

    assert built.run().is_successful()


def test_orders_without_handing_over():
    order = []

    @task
    def note(what):
        order.append(what)

    with Flow("ordered") as built:
        last = note("last")
        first = note("first")
        middle = note("middle", upstream_tasks=[first])
        last.set_upstream(middle)

    built.run()

    assert order == ["first", "middle", "last"]


def test_takes_options_for_one_call():
    with Flow("named") as built:
        node = extract(1, task_args={"name": "first rows", "retries": 2})

    assert node.name == "first rows"
    assert node.task.retries == 2
    assert built.get_tasks(name="first rows") == [node]


def test_gives_the_tags_around_the_call(api):
    with Flow("tagged") as built, tags("nightly"):
        extract(1)

    built.run()

    assert api.last_event("extract")["payload"]["task_run"]["tags"] == ["nightly"]


def test_takes_results_inside_lists_and_dictionaries():
    with Flow("nested") as built:
        node = load({"a": extract(1), "b": [extract(2), 7]})

    assert built.run().result[node].result == "{'a': [0], 'b': [[0, 1], 7]} in table"


def test_needs_its_required_parameters():
    with Flow("needs") as built:
        extract(Parameter("n"))

    with pytest.raises(ParameterBindError, match="'n'"):
        built.run()


def test_refuses_two_parameters_of_one_name():
    with Flow("twice"):
        extract(Parameter("n"))
        with pytest.raises(BuildError, match="two parameters 'n'"):
            extract(Parameter("n"))


def test_tells_its_parameters():
    built, _ = etl()

    assert built.parameters["properties"]["n"]["default"] == 3
    assert "required" not in built.parameters


def test_takes_the_options_of_flows(api):
    seen = []

    with Flow("options", retries=0, log_stdout=True, on_failure=lambda built, state: seen.append(state.name)) as built:
        broken()

    built.run()

    assert built.log_prints
    assert seen == ["Failed"]


def test_refuses_an_unknown_option():
    with pytest.raises(TypeError, match="no option 'colour'"):
        Flow("odd", colour="red")


@pytest.mark.parametrize("name", ["", None, 3])
def test_refuses_what_is_no_name(name):
    with pytest.raises((BuildError, TypeError)):
        Flow(name=name)


def test_takes_its_executor_later():
    built, _ = etl()

    built.executor = ThreadPoolTaskRunner(max_workers=2)

    assert built.task_runner.max_workers == 2
    assert built.run(executor=ThreadPoolTaskRunner(max_workers=1)).is_successful()
    assert built.executor.max_workers == 2


def test_keeps_nodes_and_options_in_a_copy():
    built, nodes = etl()

    copy = built.with_options(name="nightly etl", retries=1)

    assert (copy.name, copy.retries) == ("nightly etl", 1)
    assert copy.run(n=1).result[nodes["rows"]].result == [0]


def test_says_that_it_runs_once():
    built, _ = etl()

    with pytest.raises(BuildError, match="serve"):
        built.run(run_on_schedule=True)


def test_runs_again_when_the_flow_has_retries():
    tries = []

    @task
    def second_time():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")

    with Flow("again", retries=1) as built:
        node = second_time()

    assert built.run().result[node].is_successful()
    assert len(tries) == 2


async def _run(built):
    return built.run()


def test_runs_in_async_code():
    import asyncio

    with Flow("async") as built:
        node = finish()

    state = asyncio.run(_run(built))

    assert state.result[node].result == "finished"


def test_is_a_flow_for_isinstance():
    built, _ = etl()

    assert isinstance(built, Flow)
    assert repr(built) == "<BuiltFlow 'etl'>"
