"""What is worked out once in a while."""

from __future__ import annotations

import threading

import pytest

from orchestrator.web import kept as module
from orchestrator.web.kept import Kept


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_is_worked_out_once_in_a_while(clock):
    kept = Kept(10.0)

    first = kept.get("key", lambda: "first")
    second = kept.get("key", lambda: "second")
    clock.at += 10.0
    third = kept.get("key", lambda: "third")

    assert (first, second, third) == ("first", "first", "third")


def test_is_kept_for_each_key(clock):
    kept = Kept(10.0)

    assert kept.get("one", lambda: 1) == 1
    assert kept.get("two", lambda: 2) == 2


def test_is_worked_out_by_one_while_the_others_get_the_old_one(clock):
    kept = Kept(10.0)
    kept.get("key", lambda: "old")
    clock.at += 11.0
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make_when_told():
        begun.set()
        go_on.wait(10)
        return "new"

    slow = threading.Thread(target=lambda: made.append(kept.get("key", make_when_told)))
    slow.start()
    begun.wait(10)
    meanwhile = kept.get("key", lambda: "made twice")
    go_on.set()
    slow.join(10)

    assert (meanwhile, made, kept.get("key", lambda: "again")) == ("old", ["new"], "new")


def test_is_waited_for_where_there_is_no_old_one():
    kept, go_on, made = Kept(10.0), threading.Event(), []

    def make_when_told():
        go_on.wait(10)
        made.append(1)
        return "new"

    readers = [threading.Thread(target=kept.get, args=("key", make_when_told)) for _ in range(5)]
    for reader in readers:
        reader.start()
    go_on.set()
    for reader in readers:
        reader.join(10)

    assert made == [1]


def test_lets_another_try_after_a_failure():
    kept = Kept(10.0)

    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 / 0)

    assert kept.get("key", lambda: 1) == 1


def test_forgets_what_was_asked_for_longest_ago():
    kept = Kept(10.0, most=2)

    for key in "abc":
        kept.get(key, lambda: "old")

    assert kept.get("a", lambda: "new") == "new"
    assert kept.get("c", lambda: "new") == "old"
