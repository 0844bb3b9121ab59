"""Tasks that are classes with a method `run`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator import Flow, Task, flow, task


class Add(Task):
    """Adds a number."""

    def __init__(self, number, **options):
        self.number = number
        super().__init__(**options)

    def run(self, x):
        """What it does."""
        return x + self.number


class Plain(Task):
    def run(self):
        self.logger.info("executes")
        return "plain"


def test_runs_its_method():
    assert Add(2)(1) == 3


def test_is_named_after_the_class():
    assert Plain().name == "Plain"
    assert Plain("first").name == "first"
    assert Add(1, name="add one").name == "add one"


def test_takes_options_as_they_were_spelled():
    adds = Add(1, max_retries=2, retry_delay=timedelta(seconds=3))

    assert (adds.retries, adds.retry_delay) == (2, 3.0)
    with pytest.raises(TypeError, match="no option 'colour'"):
        Add(1, colour="red")


def test_keeps_what_it_holds_in_a_copy():
    copy = Add(5, tags=["a"]).with_options(name="five")

    assert (copy.name, copy.number, copy.tags) == ("five", 5, frozenset({"a"}))
    assert copy(1) == 6


def test_runs_the_copy_with_what_the_copy_holds():
    adds = Add(5)
    copy = adds.with_options(name="other")
    copy.number = 7

    assert (adds(1), copy(1)) == (6, 8)


def test_logs(api):
    @flow
    def outer():
        return Plain()()

    assert outer() == "plain"
    assert "executes" in api.messages()


def test_is_submitted_and_mapped():
    @flow
    def outer():
        return Add(1).map([1, 2]).result()

    assert outer() == [2, 3]


def test_gives_the_function_without_a_run(api):
    @task
    def double(x):
        return x * 2

    assert double.run(2) == 4
    assert Add(1).run(2) == 3
    assert api.events == []


def test_needs_a_function_or_a_method():
    class Empty(Task):
        pass

    with pytest.raises(TypeError, match="method `run`"):
        Empty()
    with pytest.raises(TypeError, match="method `run`"):
        Task()


def test_is_used_in_a_block():
    adds = Add(1)
    with Flow("class") as built:
        node = adds(adds(1))

    assert built.run().result[node].result == 3
