"""What can be done with a node inside a block, and what it says to the rest."""

from __future__ import annotations

import copy

import pytest

from orchestrator import BuildError, Flow, ParameterBindError, task
from orchestrator.sdk.built_flows.nodes import nodes_in, with_nodes_replaced


@task
def give(value):
    return value


@task
def pair() -> tuple[int, str]:
    return 1, "one"


@task
def unknown():
    return [1, 2]


def result_of(make):
    with Flow("one value") as built:
        node = make()
    return built.run().result[node].result


# operation -> what comes of 7 and 2
OPERATIONS = {
    "7 + 2 = 9": (lambda a, b: a + b, 9),
    "7 - 2 = 5": (lambda a, b: a - b, 5),
    "7 * 2 = 14": (lambda a, b: a * b, 14),
    "7 / 2 = 3.5": (lambda a, b: a / b, 3.5),
    "7 // 2 = 3": (lambda a, b: a // b, 3),
    "7 % 2 = 1": (lambda a, b: a % b, 1),
    "7 ** 2 = 49": (lambda a, b: a**b, 49),
    "7 > 2": (lambda a, b: a > b, True),
    "7 >= 2": (lambda a, b: a >= b, True),
    "7 < 2 is not": (lambda a, b: a < b, False),
    "7 <= 2 is not": (lambda a, b: a <= b, False),
    "7 == 2 is not": (lambda a, b: a == b, False),
    "7 != 2": (lambda a, b: a != b, True),
    "7 and 2": (lambda a, b: a & b, True),
    "7 or 2": (lambda a, b: a.or_(b), True),
    "not 7": (lambda a, b: a.not_(), False),
    "is_equal": (lambda a, b: a.is_equal(b), False),
    "is_not_equal": (lambda a, b: a.is_not_equal(b), True),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_computes(operation):
    make, expected = OPERATIONS[operation]

    assert result_of(lambda: make(give(7), give(2))) == expected


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda a: 10 + a, 17),
        (lambda a: 10 - a, 3),
        (lambda a: 10 * a, 70),
        (lambda a: 14 / a, 2.0),
        (lambda a: 15 // a, 2),
        (lambda a: 15 % a, 1),
        (lambda a: 2**a, 128),
    ],
)
def test_computes_with_constants_on_the_left(make, expected):
    assert result_of(lambda: make(give(7))) == expected


def test_looks_into_a_result():
    assert result_of(lambda: give({"rows": [1, 2]})["rows"][1]) == 2


def test_unpacks_as_many_as_the_hint_says():
    with Flow("pair") as built:
        number, word = pair()

    state = built.run()

    assert (state.result[number].result, state.result[word].result) == (1, "one")


def test_says_what_to_write_instead_of_a_loop():
    with Flow("loop"), pytest.raises(BuildError, match=r"\.map\(unknown"):
        for _ in unknown():
            pass


def test_says_what_to_write_instead_of_if():
    with Flow("if"), pytest.raises(BuildError, match=r"with case\(unknown, True\)"):
        bool(unknown())


@pytest.mark.parametrize(
    "use",
    [len, int, float, lambda node: 1 in node, lambda node: f"{node}", lambda node: range(node)],
    ids=["len", "int", "float", "in", "text", "range"],
)
def test_is_no_value_yet(use):
    with Flow("no value"), pytest.raises(BuildError, match=r"task|block"):
        use(unknown())


def test_has_no_attributes_of_the_value():
    with Flow("attribute"), pytest.raises(AttributeError, match=r"'unknown' is no value yet.*'columns'"):
        _ = unknown().columns


def test_can_be_used_in_a_block_only():
    with Flow("over"):
        node = unknown()

    with pytest.raises(BuildError, match="only while the flow is built"):
        node + 1


def test_is_itself_outside_of_blocks():
    with Flow("same"):
        node, other = unknown(), unknown()

    assert node == node
    assert node != other
    assert {node: 1}[node] == 1


def test_belongs_to_one_flow():
    with Flow("first"):
        node = unknown()

    with Flow("second"), pytest.raises(BuildError, match="belongs to flow 'first'"):
        give(node)


def test_refuses_wrong_arguments_at_once():
    with Flow("wrong"), pytest.raises(ParameterBindError):
        give(1, 2)


def test_has_no_state_yet():
    with Flow("state"), pytest.raises(BuildError, match="return_state"):
        give(1, return_state=True)


def test_is_also_made_by_submit_and_by_calling_a_node():
    with Flow("again") as built:
        first = give.submit(1)
        second = first(2)

    state = built.run()

    assert [state.result[each].result for each in (first, second)] == [1, 2]


def test_gives_the_function_of_the_task():
    with Flow("run") as built:
        give(1)

    assert built.get_tasks("give")[0].run(5) == 5


def test_knows_its_line():
    with Flow("line"):
        node = give(1)

    assert node.line == test_knows_its_line.__code__.co_firstlineno + 2


def test_finds_and_replaces_nodes_anywhere():
    with Flow("deep"):
        node = give(1)

    value = {"a": [node, (1, node)], "b": {2}}

    assert nodes_in(value) == [node]
    assert with_nodes_replaced(value, lambda _: 9) == {"a": [9, (1, 9)], "b": {2}}


def test_unpacks_as_many_as_the_task_says():
    @task(nout=2)
    def two():
        return [3, 4]

    with Flow("nout") as built:
        first, second = two()

    state = built.run()

    assert (state.result[first].result, state.result[second].result) == (3, 4)


def test_is_copied():
    with Flow("copied"):
        node = give(1)

    assert copy.copy(node).name == "give"
