"""Connections made by hand, and questions about them."""

from __future__ import annotations

import pytest

from orchestrator import BuildError, Flow, Task, task


class Plus(Task):
    def run(self, x, y=1):
        return x + y


@task
def one():
    return 1


@task
def two():
    return 2


@task
def note(x=None):
    return x


def test_connects_tasks_without_calling_them():
    built = Flow("by hand")
    plus = Plus()
    built.set_dependencies(plus, keyword_tasks={"x": one, "y": 5}, upstream_tasks=[two])

    state = built.run()

    assert state.result[plus].result == 6
    assert built.upstream_tasks(plus) == {built.add_task(one), built.add_task(two)}


def test_connects_in_the_block():
    plus = Plus()
    with Flow("block") as built:
        plus.set_dependencies(keyword_tasks={"x": 1})
        plus.set_upstream(one)
        plus.set_downstream(note, key="x")

    state = built.run()

    assert state.result[note].result == 2
    assert [node.name for node in built.sorted_tasks()] == ["one", "Plus", "note"]


def test_binds_arguments_to_the_task_itself():
    plus = Plus()
    with Flow("bind") as built:
        plus.bind(1, y=2)

    assert built.run().result[plus].result == 3


def test_adds_edges_and_chains():
    built = Flow("edges", tasks=[one])
    built.add_edge(one, note, key="x")
    built.chain(one, two, note)

    assert {(edge.upstream_task.name, edge.downstream_task.name, edge.key) for edge in built.edges} == {
        ("one", "note", "x"),
        ("one", "two", None),
        ("two", "note", None),
    }
    assert [node.name for node in built.root_tasks()] == ["one"]
    assert [node.name for node in built.terminal_tasks()] == ["note"]
    assert [node.name for node in built.downstream_tasks(two)] == ["note"]


def test_maps_by_hand():
    built = Flow("mapped by hand")
    plus = Plus()
    built.set_dependencies(plus, keyword_tasks={"x": [1, 2]}, mapped=True)

    assert built.run().result[plus].result == [2, 3]


def test_orders_with_a_bar():
    with Flow("bar") as built:
        first, second = one(), two()
        first | second

    assert built.upstream_tasks(second) == {first}


def test_names_the_circle():
    built = Flow("circle")
    built.chain(one, two, one)

    with pytest.raises(BuildError, match=r"circle: 'one' → 'two' → 'one'|circle: 'two' → 'one' → 'two'"):
        built.run()


def test_refuses_to_wait_for_itself():
    built = Flow("itself")

    with pytest.raises(BuildError, match="itself"):
        built.add_edge(one, one)


def test_names_the_argument_that_is_missing():
    built = Flow("missing")
    built.add_task(Plus())

    with pytest.raises(BuildError, match="'Plus' is not given 'x'"):
        built.run()


def test_refuses_an_argument_that_there_is_not():
    built = Flow("argument")

    with pytest.raises(BuildError, match="no argument 'z'; it has x, y"):
        built.set_dependencies(Plus(), keyword_tasks={"z": 1})


def test_refuses_what_is_no_task():
    with pytest.raises(BuildError, match="neither a task"):
        Flow("odd").add_task(len)


def test_refuses_to_connect_outside_of_a_block():
    with pytest.raises(BuildError, match="while a flow is built"):
        Plus().set_upstream(one)


def test_refuses_a_reference_that_is_elsewhere():
    with pytest.raises(BuildError, match="not in the flow"):
        Flow("elsewhere").set_reference_tasks([one])


def test_takes_lists_of_tasks():
    plus = Plus()
    built = Flow("lists")
    built.add_task(note).set_upstream([one, two])
    built.set_dependencies(plus, keyword_tasks={"x": 1})
    total = task(sum, name="total")
    built.set_dependencies(total, keyword_tasks={"iterable": [one, two, plus]})

    state = built.run()

    assert state.result[total].result == 5
    assert {node.name for node in built.upstream_tasks(note)} == {"one", "two"}


def test_runs_long_chains():
    @task
    def fails(x=None):
        raise ValueError("at the root")

    with Flow("long") as built:
        node = fails()
        for _ in range(1500):
            node = note(node)

    state = built.run()

    with pytest.raises(ValueError, match="at the root"):
        state.result()
