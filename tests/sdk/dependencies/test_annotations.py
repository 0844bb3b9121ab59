from __future__ import annotations

import pytest

from orchestrator import UpstreamFailed, allow_failure, flow, opaque, quote, task, unmapped
from orchestrator.sdk.dependencies.futures import TaskFuture


@task
def number(x=1):
    return x


@task
def bad():
    raise ValueError("no")


@task
def seen(value):
    return value


def test_gives_quoted_futures_to_a_task_as_they_are():
    @flow
    def passes():
        return isinstance(seen(quote([number.submit()]))[0], TaskFuture)

    assert passes() is True


def test_waits_for_an_opaque_future_but_not_for_those_inside_a_value():
    @flow
    def passes():
        first = seen.submit(opaque(number.submit(5))).result()
        second = seen(opaque([number.submit()]))
        return quote((first, isinstance(second[0], TaskFuture)))

    assert passes().unquote() == (5, True)


def test_gives_a_quoted_list_whole_to_every_mapped_run():
    @task
    def both(x, all_of_them):
        return x, all_of_them

    assert flow(lambda: both.map([1, 2], quote([7, 8])).result())() == [(1, [7, 8]), (2, [7, 8])]


def test_gives_the_exception_where_failure_is_allowed():
    assert isinstance(flow(lambda: seen(allow_failure(bad.submit())))(), ValueError)


def test_gives_the_reason_where_an_input_was_not_even_run():
    @flow
    def passes():
        not_run = seen.submit(bad.submit())
        return type(seen(allow_failure(not_run)))

    assert passes() is UpstreamFailed


@pytest.mark.parametrize("kind", [allow_failure, opaque, quote, unmapped])
def test_holds_its_value(kind):
    marked = kind([1])

    assert marked.unwrap() == marked.value == [1]
    assert marked.rewrap([2]) == kind([2]) != marked
    assert repr(marked) == f"{kind.__name__}([1])"


def test_is_told_from_another_mark():
    assert quote(1) != unmapped(1)
    assert len({quote(1), quote(1), unmapped(1)}) == 2
