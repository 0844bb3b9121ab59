"""Flows of thousands of tasks: what is looked at grows as they do. It is counted, since time depends on the machine."""

from __future__ import annotations

import gc

import pytest

from orchestrator import Flow, Parameter, ThreadPoolTaskRunner, mapped, task
from orchestrator.sdk.built_flows import nodes
from orchestrator.sdk.built_flows.execution import Execution
from orchestrator.sdk.built_flows.items import OwnInputs
from orchestrator.sdk.outcomes.states import Completed

MANY = 2_000


@task
def begin():
    return 1


@task
def add(x, y=0):
    return x + y


@pytest.fixture
def looks(monkeypatch):
    """How many values were searched for nodes."""
    seen = [0]
    look = nodes.with_nodes_replaced

    def counted(value, replace):
        seen[0] += 1
        return look(value, replace)

    monkeypatch.setattr(nodes, "with_nodes_replaced", counted)
    return seen


@pytest.fixture
def at_once(monkeypatch):
    """Nothing executes: what is counted is what the flow does about its tasks."""

    class Ended:
        state = Completed(data=1)

        def add_done_callback(self, callback):
            callback(self)

    sent = []

    def submit(task, parameters, *, wait_for=None):
        sent.append((parameters, wait_for))
        return Ended()

    monkeypatch.setattr("orchestrator.sdk.built_flows.execution.submit", submit)
    return sent


def test_looks_at_a_long_list_a_few_times_only(looks, at_once):
    with Flow("list") as built:
        add.map(list(range(MANY)), upstream_tasks=[begin()])

    Execution(built.graph, {}).run()

    assert [parameters["x"] for parameters, _ in at_once[1:]] == list(range(MANY))
    assert {len(wait_for) for _, wait_for in at_once[1:]} == {1}
    assert looks[0] < 20 * MANY


def test_looks_at_a_long_list_of_results_a_few_times_only(looks, at_once, monkeypatch):
    made = []
    make = OwnInputs.__init__
    monkeypatch.setattr(OwnInputs, "__init__", lambda own, *given: made.append(own) or make(own, *given))
    with Flow("results") as built:
        add(mapped([begin() for _ in range(MANY)]))

    Execution(built.graph, {}).run()

    assert len(at_once) == 2 * MANY
    assert len({id(own.inputs) for own in made[-MANY:]}) == 1
    assert looks[0] < 30 * MANY


def test_counts_results_of_one_name_once_each(at_once):
    with Flow("one name") as built:
        for _ in range(MANY):
            begin()

    results = Execution(built.graph, {}).run().outcome

    assert list(results)[:3] == ["begin", "begin-2", "begin-3"]
    assert list(results)[-1] == f"begin-{MANY}"


def test_runs_thousands_of_tasks():
    with Flow("large", executor=ThreadPoolTaskRunner(2)) as built:
        last = add.map(add.map(list(range(1_000)), y=1), y=1)

    state = built.run()

    assert state.result[last].result == list(range(2, 1_002))


def test_forgets_the_copies_that_nobody_holds():
    with Flow("copied") as built:
        add(1)

    for _ in range(3):
        built.run(executor=ThreadPoolTaskRunner(1))
    copy = built.with_options(name="held")
    gc.collect()

    assert set(built.graph.followers) == {built, copy}
    with built:
        add(Parameter("n"))
    assert copy.run(n=2).is_successful()
