"""Mapped nodes: one run for each item."""

from __future__ import annotations

import pytest

from orchestrator import Flow, MappingError, Parameter, flatten, mapped, signals, task, unmapped
from orchestrator.sdk.errors import BuildError


@task
def numbers(n=3):
    return list(range(n))


@task
def add(x, y=10):
    return x + y


@task
def total(xs):
    return sum(xs)


@task
def inverse(x):
    return 1 / x


@task
def text():
    return "abc"


def test_maps_over_a_mapped_result(api):
    with Flow("twice") as built:
        first = add.map(numbers())
        second = add.map(first)

    state = built.run()

    assert state.result[second].result == [20, 21, 22]
    assert state.result[second].is_mapped()
    assert [each.result for each in state.result[second].map_states] == [20, 21, 22]


def test_maps_over_constants_and_parameters():
    with Flow("constants") as built:
        first = add.map([1, 2], unmapped(5))
        second = add.map(Parameter("xs", default=[7]))

    state = built.run(xs=[1, 2])

    assert state.result[first].result == [6, 7]
    assert state.result[second].result == [11, 12]


def test_maps_over_what_can_be_read_once():
    with Flow("generator") as built:
        node = add.map(number for number in [1, 2])

    assert [built.run().result[node].result for _ in range(2)] == [[11, 12], [11, 12]]


def test_maps_as_far_as_the_shortest():
    with Flow("shortest") as built:
        node = add.map([1, 2, 3], y=[10, 20])

    assert built.run().result[node].result == [11, 22]


def test_maps_over_nothing():
    with Flow("nothing") as built:
        node = add.map(numbers(0))
        end = total(node)

    state = built.run()

    assert state.result[node].result == []
    assert state.result[end].result == 0


def test_maps_what_is_marked():
    with Flow("marked") as built:
        node = add(mapped(numbers()), 1)
        other = add(numbers(), mapped=True)

    state = built.run()

    assert state.result[node].result == [1, 2, 3]
    assert state.result[other].result == [10, 11, 12]


def test_flattens_lists_of_lists():
    with Flow("flat") as built:
        pages = numbers.map([1, 2, 3])
        node = add.map(flatten(pages), unmapped(0))
        other = add.map(flatten([[1], [2, 3]]), unmapped(0))

    state = built.run()

    assert state.result[node].result == [0, 0, 1, 0, 1, 2]
    assert state.result[other].result == [1, 2, 3]


def test_flattens_for_one_run(api):
    with Flow("flat for one") as built:
        node = total(flatten(numbers.map([1, 2, 3])))

    assert built.run().result[node].result == 4
    assert len(api.last_event("total")["payload"]["task_run"]["task_inputs"]["wait_for"]) == 3


def test_does_not_flatten_a_failure():
    @task
    def rows(x):
        return [1 / x]

    with Flow("flat failure") as built:
        node = total.map(flatten(rows.map([1, 0])))

    assert built.run().result[node].name == "TriggerFailed"


def test_fails_item_by_item(api):
    with Flow("item by item") as built:
        inverted = inverse.map([1, 0, 2])
        added = add.map(inverted)
        summed = total(added)

    state = built.run()

    assert [each.name for each in state.result[added].map_states] == ["Completed", "TriggerFailed", "Completed"]
    assert state.result[added].map_states[2].result == 10.5
    assert state.result[added].is_failed()
    assert state.result[summed].name == "TriggerFailed"
    with pytest.raises(ZeroDivisionError):
        state.result()


def test_takes_a_failed_branch_as_one():
    with Flow("failed before") as built:
        node = add.map(inverse(0))

    state = built.run()

    assert state.result[node].name == "TriggerFailed"


def test_fails_over_a_result_without_items():
    with Flow("text") as built:
        node = add.map(text())

    state = built.run()

    assert state.result[node].is_failed()
    assert isinstance(state.result[node].result, MappingError)
    assert "unmapped" in state.result[node].message


def test_refuses_a_map_over_nothing_that_has_items():
    with Flow("refused"), pytest.raises(MappingError, match="needs a list"):
        add.map(1, unmapped([1]))


def test_takes_lists_of_nodes_apart():
    with Flow("list of nodes") as built:
        node = add.map([inverse(1), inverse(2)], unmapped(1))

    assert built.run().result[node].result == [2.0, 1.5]


def test_waits_for_other_tasks(api):
    with Flow("waits") as built:
        before = numbers()
        node = add.map([1], upstream_tasks=[before])

    built.run()

    assert list(api.last_event("add")["payload"]["task_run"]["task_inputs"]) == ["x", "y", "wait_for"]
    assert built.upstream_tasks(node) == {before}


def test_runs_out_of_a_block_with_its_own_errors():
    with Flow("over"):
        node = numbers()

    with pytest.raises(BuildError):
        node[0]


def test_is_skipped_as_a_whole_behind_a_skip():
    @task
    def odd(x):
        if x % 2:
            raise signals.SKIP
        return x

    with Flow("whole") as built:
        found = odd.map([1, 2])
        node = add.map(found)
        behind = add.map(found, upstream_tasks=[found])

    state = built.run()

    assert [each.is_skipped() for each in state.result[node].map_states] == [True, False]
    assert state.result[behind].is_skipped()
