"""The judge of the soak notices what is lost, doubled and stuck, and forgives what a SIGKILL explains."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.soak import witness
from benchmarks.soak.flows import LINES, SPOKEN
from benchmarks.soak.judging import Schedule, judge
from benchmarks.soak.memory import Look, growth, growth_at_equal_age
from benchmarks.soak.records import Records

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PUNCTUAL = Schedule(5.0, NOON, NOON + timedelta(seconds=10), tuple(NOON + timedelta(seconds=5 * n) for n in range(3)))


class Story:
    """What the witness was told, and what the server has. `run` tells of one that went as it should."""

    def __init__(self) -> None:
        self.told: list[dict] = []
        self.records = Records()

    def tell(self, what, who="living-1", **facts):
        self.told.append({"what": what, "who": who, "at": 0.0, **facts})

    def run(self, run="r", kind="works", ends=("COMPLETED",), executions=(("living-1", "ends"),), **row):
        if kind is not None:
            self.tell("asked", run=run, kind=kind)
        for number, (who, end) in enumerate(executions, 1):
            self.tell("begins", run=run, execution=number, who=who)
            if end:
                self.tell(end, run=run, execution=number, who=who)
            for line in range(LINES):
                self.records.lines[run, f"line {line} of {number}"] += 1
        self.records.ends[run] = list(ends)
        state_type = ends[-1] if ends else "RUNNING"
        self.records.flow_runs[run] = {
            "name": "n",
            "state_type": state_type,
            "state_name": state_type.title(),
            "state": {"message": None},
            "parent_task_run_id": None,
            "deployment_id": "d",
            **row,
        }
        return self

    def judged(self, *, killed=(), schedule=PUNCTUAL):
        return judge(self.told, self.records, killed=set(killed), schedule=schedule)


def wrong(verdict):
    return [len(verdict.lost), len(verdict.doubled), len(verdict.stuck)]


@pytest.fixture
def story():
    return Story()


def test_finds_nothing_wrong_with_what_happened_once(story):
    story.run()
    story.run("s", "sleeps", ("CANCELLED",), (("living-1", None),))
    story.run("f", "fails", ("FAILED",), (("living-1", "fails"),))
    story.run("t", "recovers", executions=(("living-1", "fails"), ("living-1", "ends")))

    verdict = story.judged()

    assert wrong(verdict) == [0, 0, 0]
    assert verdict.runs == 4


def test_forgives_what_was_done_again_after_a_kill(story):
    story.run(executions=(("killed-2", None), ("living-1", "ends")))
    story.tell("task", who="killed-2", run="r", task="t", execution=1)
    story.records.lines.clear()
    story.records.lines.update({("r", f"line {line} of 2"): 1 for line in range(LINES)})

    assert wrong(story.judged(killed={"killed-2"})) == [0, 0, 0]


def test_forgives_subflows_that_crashed_or_ended_again_with_their_parent(story):
    story.run(executions=(("killed-2", None), ("living-1", "ends")))
    story.records.task_runs = [{"id": "p", "flow_run_id": "r", "state_type": "COMPLETED"}]
    part = {"parent_task_run_id": "p", "deployment_id": None}
    story.run("a", None, ("CRASHED",), (("killed-2", None),), **part)
    story.run("b", None, ("COMPLETED", "COMPLETED"), (("killed-2", "ends"), ("living-1", "ends")), **part)
    story.run("c", None, ("CRASHED", "COMPLETED"), **part)  # it had not begun when it crashed

    assert wrong(story.judged(killed={"killed-2"})) == [0, 0, 0]
    assert wrong(story.judged()) != [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda story: story.records.flow_runs.clear(), [2, 0, 0]),  # asked for, and executed
        (lambda story: story.records.lines.popitem(), [1, 0, 0]),
        (lambda story: story.records.lines.update({("r", "line 0 of 1"): 1}), [0, 1, 0]),
        (lambda story: story.run("x", ends=(), executions=()), [0, 0, 1]),
        (lambda story: story.run("x", ends=("COMPLETED", "COMPLETED")), [0, 1, 0]),
        (lambda story: story.run("x", ends=("FAILED",), executions=(("living-1", "fails"),)), [1, 0, 0]),
        (lambda story: story.run("x", executions=()), [1, 0, 0]),  # COMPLETED, and did nothing
        (lambda story: story.run("x", executions=(("living-1", "ends"), ("killed-2", "ends"))), [0, 1, 0]),
        (lambda story: story.run("x", executions=(("living-1", None), ("living-1", "ends"))), [1, 1, 0]),
        (lambda story: story.tell("task", run="r", task="t", execution=1), [1, 0, 0]),
        (lambda story: story.tell("writes", lines=["raw"]), [1, 0, 0]),
        (lambda story: story.tell("speaks", run="r", event="e"), [1, 0, 0]),
        (lambda story: story.tell("speaks raw", events=["e"]), [1, 0, 0]),
        (lambda story: story.tell("shows", run="r", key="k", data="d"), [1, 0, 0]),
        (lambda story: story.records.artifacts.update({("k", "d"): 2}), [0, 1, 0]),
        (lambda story: story.tell("alarms", event="e"), [2, 0, 0]),  # the event, and what it was to make
        (lambda story: story.tell("too many", run="r", limit="limited"), [0, 1, 0]),
        (lambda story: story.records.slots.update(limit=1), [0, 0, 1]),
        (lambda story: setattr(story.records, "claims", 2), [0, 0, 1]),
    ],
)
def test_notices(story, change, found):
    story.run()

    change(story)

    assert wrong(story.judged(killed={"killed-9"})) == found


def test_notices_an_event_that_is_there_twice(story):
    story.run().tell("speaks", run="r", event="e")
    story.records.events[SPOKEN, "e"] = 2

    assert wrong(story.judged()) == [0, 1, 0]


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ((0, 5, 10), [0, 0, 0]),
        ((0, 10), [1, 0, 0]),
        ((0, 5, 5, 10), [0, 1, 0]),
        ((), [1, 0, 0]),
    ],
)
def test_counts_the_times_of_a_schedule(story, seconds, found):
    schedule = replace(PUNCTUAL, runs=tuple(NOON + timedelta(seconds=each) for each in seconds))

    assert wrong(story.judged(schedule=schedule)) == found


def test_tells_by_how_much_memory_grows():
    looks = [Look("web", 1, at, at, 100.0 if at < 3 else 120.0) for at in range(6)]

    assert growth(looks, "web", since=0, until=6) == pytest.approx(20)
    assert growth(looks, "beat", since=0, until=6) == 0


def test_compares_processes_at_the_same_age():
    """Each is larger when it is older, and none is larger than the one before it."""
    looks = [Look("web", pid, age, pid * 100 + age, 100.0 + age) for pid in range(6) for age in range(0, 40, 2)]

    assert growth_at_equal_age(looks, "web", until=1000) == pytest.approx(0)


def test_hears_what_several_processes_tell(tmp_path, monkeypatch):
    monkeypatch.setenv(witness.FILE, str(tmp_path / "witness"))
    monkeypatch.setenv(witness.WHO, "living-1")

    witness.tell("begins", run="r")
    witness.tell("ends", run="r")

    first, second = witness.told(tmp_path / "witness")
    assert (first["what"], first["who"], second["what"]) == ("begins", "living-1", "ends")
    assert first["at"] <= second["at"] <= time.time()
