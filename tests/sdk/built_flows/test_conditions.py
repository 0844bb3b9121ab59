"""Branches: what is not taken is skipped, with all that depends on it."""

from __future__ import annotations

import pytest

from orchestrator import BuildError, Flow, Parameter, case, ifelse, merge, signals, switch, task


@task
def same(x):
    return x


@task
def left():
    return "left"


@task
def right():
    return "right"


@task
def after(x):
    return f"after {x}"


@task
def skips():
    raise signals.SKIP("nothing to do")


def branches():
    with Flow("branches") as built:
        way = same(Parameter("way"))
        with case(way, "l"):
            one = after(left())
        with case(way, "r"):
            other = right()
        end = merge(one, other)
    return built, one, other, end


def test_runs_the_branch_whose_value_is_met(api):
    built, one, other, end = branches()

    state = built.run(way="l")

    assert state.is_successful()
    assert state.result[end].result == "after left"
    assert state.result[one].is_successful()
    assert state.result[other].is_skipped()
    assert api.task_states("right") == ["Pending", "Skipped"]
    assert api.last_event("right")["payload"]["validated_state"]["type"] == "COMPLETED"


def test_runs_the_other_branch():
    built, one, _, end = branches()

    state = built.run(way="r")

    assert state.result[end].result == "right"
    assert state.result[one].is_skipped()
    assert state.result[one].result is None


def test_skips_the_merge_when_all_are_skipped():
    built, _, _, end = branches()

    state = built.run(way="none")

    assert state.is_successful()
    assert state.result[end].is_skipped()


def test_compares_inside_of_compared():
    with Flow("nested") as built:
        x = same(Parameter("x"))
        with case(x > 0, True):
            big = same(x)
            with case(x > 10, True):
                bigger = left()

    state = built.run(x=5)

    assert state.result[big].result == 5
    assert state.result[bigger].is_skipped()
    assert built.run(x=11).result[bigger].result == "left"


def test_takes_parameters_that_are_made_in_a_branch():
    with Flow("parameter in a branch") as built, case(same(1), 1):
        x = Parameter("x", default=2)
        node = same(x)

    assert built.run().result[node].result == 2
    assert built.upstream_tasks(x) == set()


def test_switches():
    with Flow("switch") as built:
        one, other = left(), right()
        switch(same(Parameter("way")), {"l": one, "r": other})

    state = built.run(way="r")

    assert (state.result[one].is_skipped(), state.result[other].result) == (True, "right")


def test_chooses_one_of_two_tasks():
    with Flow("ifelse") as built:
        ifelse(same(Parameter("yes")), left, right)
        end = merge(left, right)

    assert built.run(yes=1).result[end].result == "left"
    state = built.run(yes=0)
    assert state.result[right].result == "right"
    assert state.result[left].is_skipped()


def test_skips_what_depends_on_a_skip():
    with Flow("skip") as built:
        node = skips()
        next_one = after(node)

    state = built.run()

    assert state.is_successful()
    assert state.result[node].message == "nothing to do"
    assert state.result[next_one].is_skipped()


def test_does_not_merge_over_a_failure():
    @task
    def fails():
        raise ValueError("no")

    with Flow("failure") as built:
        end = merge(fails(), left())

    assert built.run().result[end].name == "TriggerFailed"


def test_refuses_a_node_as_the_value():
    with Flow("refused"), pytest.raises(BuildError, match="constant"):
        case(left(), right())


def test_refuses_to_be_used_outside_of_a_block():
    with pytest.raises(BuildError, match="while the flow is built"), case(left, 1):
        pass


@pytest.mark.parametrize(
    "use", [lambda node: switch(node, {1: left}, mapped=True), lambda node: merge(node, mapped=True)]
)
def test_refuses_mapped_branches(use):
    with Flow("mapped"), pytest.raises(BuildError, match="mapped=True"):
        use(left())
