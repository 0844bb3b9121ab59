"""What is read out of a flow's source. Nothing here is ever executed."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator import SourceUnavailable, allow_failure, flow, run_deployment, task, unmapped
from orchestrator.sdk.graphs.reading import read_graph


@task
def get(n=0): ...


@task
def add(a, b=0): ...


@task(name="the mean")
def mean(numbers, **rest): ...


@flow
def child(x): ...


def arrows(flow):
    """`from > to`, with the kind where it is no result."""
    graph = read_graph(flow)
    return {
        f"{edge.source} > {edge.target}" + ("" if edge.kind == "result" else f" {edge.kind}") for edge in graph.edges
    }


def nodes(flow):
    """Each node with a `*` when it repeats and a `?` when it is in a branch."""
    graph = read_graph(flow)
    return [f"{node.id}{'*' * node.repeats}{'?' * node.conditional}" for node in graph.nodes]


def passed_on():
    first = get()
    second: int = get.submit()
    (third, [fourth]) = get(), [get()]
    held = {"a": first, "b": second}
    text = f"{third} and {fourth}"
    add(held["a"], b=text)
    add(add(1, 2), 3)
    mean([each + 1 for each in (first, fourth)], extra=second.result() + 1)


def test_follows_results_through_names_and_containers():
    assert arrows(flow(passed_on)) == {
        "get > add",
        "get-3 > add",
        "get-4 > add",
        "add-2 > add-3",
        "get > the mean",
        "get-4 > the mean",
        "get-2 > the mean",
    }


def test_names_the_parameters_that_take_a_result():
    def named():
        first = get()
        add(first, b=first)

    (edge,) = read_graph(flow(named)).edges

    assert edge.parameters == ("a", "b")


def test_tells_waiting_from_results():
    def waits():
        first = get.submit()
        second = get.submit()
        add.submit(first, wait_for=[second])
        mean.map([1, 2], wait_for=second)

    assert arrows(flow(waits)) == {"get > add", "get-2 > add wait_for", "get-2 > the mean wait_for"}
    assert nodes(flow(waits)) == ["get", "get-2", "add", "the mean*"]


def test_knows_what_repeats():
    def loops(count):
        total = 0
        parts = []
        for number in range(count):
            total = add(total, number)
            parts.append(get(number))
        while True:
            child(total)
            break
        mean([part + 1 for part in parts])
        return [get(part) for part in parts if part]

    assert nodes(flow(loops)) == ["add*", "get*", "child*", "the mean", "get-2*?"]
    assert arrows(flow(loops)) == {"add > add", "add > child", "get > the mean", "get > get-2"}


def test_knows_what_is_in_a_branch():
    def branches(x):
        first = get()
        if first > 3:
            value = add(1)
        elif x:
            value = add(first)
        else:
            return get()
        try:
            child(value)
        except ValueError:
            get("again")
        match x:
            case 1:
                mean(value)
        return add(1) if first else None

    assert nodes(flow(branches)) == ["get", "add?", "add-2?", "get-2?", "child", "get-3?", "the mean?", "add-3?"]
    found = arrows(flow(branches))
    assert {"get > add condition", "get > add-2", "get > add-3 condition", "get > get-2 condition"} <= found
    assert {"add > child", "add-2 > child", "add > the mean", "add-2 > the mean"} <= found


def test_leaves_out_what_cannot_be_reached():
    def early(x):
        found = get()
        if x:
            found = add(1)
            return [found]
        return mean(found)

    assert arrows(flow(early)) == {"get > the mean"}


def test_reads_functions_of_the_author_at_each_call():
    def adding():
        plus_one(get())
        return plus_one(plus_one(get()))

    assert nodes(flow(adding)) == ["get", "add", "get-2", "add-2", "add-3"]
    assert arrows(flow(adding)) == {"get > add", "get-2 > add-2", "add-2 > add-3"}


def plus_one(value):
    again(value)
    return add(value, 1)


def again(value):
    return again(value)


def test_survives_functions_that_call_themselves():
    def recursive():
        return again(get())

    assert nodes(flow(recursive)) == ["get"]


def test_knows_tasks_that_are_made_inside_the_flow():
    def inside():
        @task(name="local task", retries=2)
        def local(x): ...

        @flow
        def local_flow(x): ...

        renamed = add.with_options(name="renamed", retries=1)
        return local_flow(local(renamed(1)))

    graph = read_graph(flow(inside))

    assert [(node.name, node.kind) for node in graph.nodes] == [
        ("renamed", "task"),
        ("local task", "task"),
        ("local-flow", "flow"),
    ]
    assert arrows(flow(inside)) == {"renamed > local task", "local task > local-flow"}


def test_reads_async_flows():
    async def together():
        first, second = await asyncio.gather(get(1), get(2))
        await add(first)
        return await mean(second)

    assert arrows(flow(together)) == {"get > add", "get-2 > the mean"}


def test_looks_through_marks_and_unknown_calls():
    def marked():
        first = get.submit()
        add.map([1, 2], unmapped(first))
        add.submit(allow_failure(first))
        mean(sorted(str(each) for each in [first]))

    assert arrows(flow(marked)) == {"get > add", "get > add-2", "get > the mean"}


def test_knows_tasks_that_others_call():
    def handed_over():
        with ThreadPoolExecutor() as pool:
            future = pool.submit(get, 1)
        add(future.result())
        return list(map(child, [1, 2]))

    assert nodes(flow(handed_over)) == ["get", "add", "child*"]
    assert arrows(flow(handed_over)) == {"get > add"}


def test_knows_deployments_and_background_tasks():
    def elsewhere():
        run = run_deployment("etl/daily", parameters={"x": get()})
        add.delay(run)
        add.apply_async([get()], {"b": 1}, wait_for=[run])

    assert nodes(flow(elsewhere)) == ["get", "etl/daily", "add", "get-2", "add-2"]
    assert arrows(flow(elsewhere)) == {
        "get > etl/daily",
        "etl/daily > add",
        "get-2 > add-2",
        "etl/daily > add-2 wait_for",
    }


class Pipeline:
    @task
    def load(self, x): ...

    @staticmethod
    @task
    def clean(x): ...

    @flow
    def run(self):
        return self.clean(self.load(1))


@pytest.mark.parametrize("found", [Pipeline.run, Pipeline().run], ids=["unbound", "bound"])
def test_knows_methods(found):
    assert arrows(found) == {"load > clean"}


def test_does_not_take_plain_functions_of_a_task_for_runs():
    def plain():
        return add.fn(get(), 1)

    assert nodes(flow(plain)) == ["get"]


def test_executes_nothing():
    def dangerous():
        raise SystemExit(get(1 / 0))

    assert nodes(flow(dangerous)) == ["get"]


# a flow without readable source, and what is said of it
def of_exec():
    space: dict = {}
    exec("def nowhere(): pass", space)
    return space["nowhere"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (of_exec(), "cannot be read from <string>"),
        (lambda: None, "it is a lambda"),
        (len, "no function written in Python"),
    ],
)
def test_says_when_there_is_no_source(function, message):
    with pytest.raises(SourceUnavailable, match=message):
        read_graph(flow(function))


def test_says_when_the_file_was_changed(tmp_path):
    from orchestrator.sdk.flows.loading import load_flow

    file = tmp_path / "flows.py"
    file.write_text("from orchestrator import flow\n\n@flow\ndef f(): pass\n")
    loaded = load_flow(f"{file}:f")
    file.write_text("# another file\n")

    with pytest.raises(SourceUnavailable, match="the file was changed"):
        read_graph(loaded)


def test_reads_what_the_flow_imports_from_beside_it(tmp_path, monkeypatch):
    from orchestrator.sdk.flows.loading import load_flow

    (tmp_path / "own_tasks_beside.py").write_text("from orchestrator import task\n@task\ndef own(): ...\n")
    (tmp_path / "flows.py").write_text(
        "from orchestrator import flow\n@flow\ndef f():\n    from own_tasks_beside import own\n    own()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    assert nodes(load_flow(f"{tmp_path}/flows.py:f")) == ["own"]


class Unequal:
    @property
    def __class__(self):
        raise AssertionError("not to be asked")

    def __eq__(self, other):
        raise AssertionError("not to be compared")

    __hash__ = None


settings = Unequal()


def test_touches_no_values_of_the_module():
    def with_settings(x):
        for _ in range(x):
            found = settings
            if x:
                found = settings.limit
            get(found)

    assert nodes(flow(with_settings)) == ["get*"]
