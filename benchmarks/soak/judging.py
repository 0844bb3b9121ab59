"""What was done compared with what was recorded: what is lost, what is there twice, what did not come to an end.

An execution that a SIGKILL cut off may be followed by another one: that is said of workers, and the record counts once.
Whatever was not cut off must have happened exactly once, and what it said is there exactly once.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from benchmarks.soak.flows import KINDS, LINES, SPOKEN
from benchmarks.soak.load import ALARM, HEARD
from benchmarks.soak.program import COUNTED
from benchmarks.soak.records import Records

Told = dict[str, Any]


@dataclass
class Verdict:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    runs: int = 0  # that ended as they had to


@dataclass(frozen=True)
class Schedule:
    """Every moment of these seconds from `began` to `ended` has exactly one run."""

    every_seconds: float
    began: datetime
    ended: datetime
    runs: tuple[datetime, ...]


def judge(told: Iterable[Told], records: Records, *, killed: set[str], schedule: Schedule) -> Verdict:
    """`killed`: the lives of workers that a SIGKILL ended."""
    by_what: dict[str, list[Told]] = defaultdict(list)
    for fact in told:
        by_what[fact["what"]].append(fact)
    verdict = Verdict()
    executions = _executions(by_what)
    _judge_runs(verdict, by_what["asked"], executions, records, killed)
    _judge_executions(verdict, executions, records, killed)
    _judge_tasks(verdict, by_what["task"], executions, records, killed)
    _judge_lines(verdict, by_what["writes"], executions, records, killed)
    _judge_events(verdict, by_what, records, killed)
    _judge_artifacts(verdict, by_what["shows"], records)
    _judge_alarms(verdict, by_what)
    _judge_schedule(verdict, schedule)
    verdict.doubled += [f"{fact['run']} had one place too many of {fact['limit']}" for fact in by_what["too many"]]
    verdict.stuck += [f"{slots} slots of {name}" for name, slots in records.slots.items() if slots]
    verdict.stuck += [f"{records.claims} claims"] if records.claims else []
    return verdict


@dataclass
class Execution:
    """`end` is what the witness heard last of it: `ends`, `fails`, or None when it was cut off."""

    run: str
    number: int
    who: str
    at: float
    end: str | None = None


def _executions(by_what: Mapping[str, list[Told]]) -> dict[str, list[Execution]]:
    """Of each run, in their order."""
    found: dict[str, list[Execution]] = defaultdict(list)
    for fact in by_what["begins"]:
        found[fact["run"]].append(Execution(fact["run"], fact["execution"], fact["who"], fact["at"]))
    for what in ("ends", "fails"):
        for fact in by_what[what]:
            same = [each for each in found[fact["run"]] if (each.number, each.who) == (fact["execution"], fact["who"])]
            if same:
                same[-1].end = what
    return found


def _judge_runs(
    verdict: Verdict,
    asked: list[Told],
    executions: Mapping[str, list[Execution]],
    records: Records,
    killed: set[str],
) -> None:
    kinds = {fact["run"]: fact["kind"] for fact in asked}
    verdict.lost += [f"{kind} {run} is not known" for run, kind in kinds.items() if run not in records.flow_runs]
    stand_ins = {row["id"]: row["flow_run_id"] for row in records.task_runs}
    for run, row in records.flow_runs.items():
        what, ends = f"{kinds.get(run, 'run')} {row['name']} {run}", records.ends[run]
        within = executions.get(run, [])
        # A subflow ends with each execution of its parent, and crashes when that was cut off, begun or not.
        around = executions.get(stand_ins.get(row["parent_task_run_id"], ""), []) if _is_part(row) else []
        again = any(each.who in killed for each in around)
        wanted = KINDS[kinds[run]].ends_as if run in kinds else "COMPLETED"
        if row["state_type"] == "SCHEDULED" and run not in kinds and not within:
            continue  # of a time to come
        if not ends or ends[-1] != row["state_type"]:
            verdict.stuck.append(f"{what} is {row['state_name']}")
        elif len(ends) > (len(around) if again else 1):
            verdict.doubled.append(f"{what} ended {len(ends)} times: {', '.join(ends)}")
        elif not all(end == wanted or (again and end == "CRASHED") for end in ends):
            verdict.lost.append(f"{what} ended as {', '.join(ends)}: {(row['state'] or {}).get('message')}")
        else:
            verdict.runs += 1
        if ends[-1:] == ["COMPLETED"] and not (within and within[-1].end == "ends"):
            verdict.lost.append(f"{what} is COMPLETED, and did nothing")


def _is_part(row: Mapping[str, Any]) -> bool:
    """Whether the run is executed by another one, in its process."""
    return bool(row["parent_task_run_id"] and not row["deployment_id"])


def _judge_executions(
    verdict: Verdict, executions: Mapping[str, list[Execution]], records: Records, killed: set[str]
) -> None:
    for run, within in executions.items():
        if run not in records.flow_runs:
            verdict.lost.append(f"{run} was executed, and is not known")
        for one, after in itertools.pairwise(within):
            if one.who not in killed and one.end != "fails":
                verdict.doubled.append(f"{run} was executed again by {after.who} after {one.who} ({one.end})")
        if len({each.number for each in within}) != len(within):
            verdict.doubled.append(f"{run} was executed twice under one number: {within}")
        for each in within:
            if each.end is None and each.who not in killed and records.ends.get(run) != ["CANCELLED"]:
                verdict.lost.append(f"{run} was cut off, but {each.who or 'its script'} was not killed")


def _judge_tasks(
    verdict: Verdict,
    tasks: list[Told],
    executions: Mapping[str, list[Execution]],
    records: Records,
    killed: set[str],
) -> None:
    calls = Counter((fact["task"], fact["execution"]) for fact in tasks if fact["who"] not in killed)
    verdict.doubled += [
        f"task run {task} was executed {count} times" for (task, _), count in calls.items() if count > 1
    ]
    recorded = {row["id"]: row for row in records.task_runs}
    for fact in tasks:
        row, run = recorded.get(fact["task"]), records.flow_runs.get(fact["run"])
        of_run = executions.get(fact["run"], [])
        cut_off = any(each.who in killed and each.number == fact["execution"] for each in of_run)
        if row is None and not cut_off:
            verdict.lost.append(f"task run {fact['task']} of {fact['run']} is not known")
        elif row and run and not cut_off and row["state_type"] != "COMPLETED":
            verdict.lost.append(f"task run {row['name']} of {fact['run']} is {row['state_name']}")
    verdict.stuck += [
        f"task run {row['name']} of {row['flow_run_id']} is {row['state_name']}"
        for row in records.task_runs
        if row["state_type"] in ("PENDING", "RUNNING")
    ]


def _judge_lines(
    verdict: Verdict,
    written: list[Told],
    executions: Mapping[str, list[Execution]],
    records: Records,
    killed: set[str],
) -> None:
    for run, within in executions.items():
        for each in within:
            for line in range(LINES):
                _once(
                    verdict,
                    f"line {line} of execution {each.number} of {run} ({each.who})",
                    records.lines[run, f"line {line} of {each.number}"],
                    sure=each.who not in killed,
                )
    for fact in written:
        for message in fact["lines"]:
            _once(verdict, f"line {message}", records.lines[None, message])


def _judge_events(
    verdict: Verdict,
    by_what: Mapping[str, list[Told]],
    records: Records,
    killed: set[str],
) -> None:
    for fact in by_what["speaks"]:
        sure = fact["who"] not in killed
        _once(verdict, f"event of {fact['run']}", records.events[SPOKEN, fact["event"]], sure=sure)
    for fact in by_what["counts"]:
        _once(verdict, "event of a script", records.events[COUNTED, fact["event"]])
    for fact in by_what["speaks raw"]:
        for event in fact["events"]:
            _once(verdict, f"event {event} of a socket", records.events[HEARD, event])
    for fact in by_what["alarms"]:
        _once(verdict, f"alarm {fact['event']}", records.events[ALARM, fact["event"]])


def _judge_artifacts(verdict: Verdict, shown: list[Told], records: Records) -> None:
    for fact in shown:
        _once(verdict, f"artifact of {fact['run']}", records.artifacts[fact["key"], fact["data"]])
    known = {(fact["key"], fact["data"]) for fact in shown}
    verdict.doubled += [  # of executions that were cut off
        f"artifact {key}: {data}"
        for (key, data), count in records.artifacts.items()
        if count > 1 and (key, data) not in known
    ]


def _judge_alarms(verdict: Verdict, by_what: Mapping[str, list[Told]]) -> None:
    runs: dict[str, set[str]] = defaultdict(set)
    for fact in by_what["answers"]:
        runs[fact["question"]].add(fact["run"])
    for fact in by_what["alarms"]:
        _once(verdict, f"run that alarm {fact['event']} was to make", len(runs[fact["event"]]))


def _judge_schedule(verdict: Verdict, schedule: Schedule) -> None:
    step, near = timedelta(seconds=schedule.every_seconds), timedelta(milliseconds=1)
    times = sorted(schedule.runs)
    for one, next_ in itertools.pairwise(times):
        if next_ - one < step - near:
            verdict.doubled.append(f"run for {next_}, {next_ - one} after the one before")
        verdict.lost += [f"run between {one} and {next_}"] * (round((next_ - one) / step) - 1)
    if not times or times[0] - schedule.began > 2 * step or schedule.ended - times[-1] > 2 * step:
        verdict.lost.append(
            f"runs of the schedule: {times[:1]} to {times[-1:]}, not {schedule.began} to {schedule.ended}"
        )


def _once(verdict: Verdict, what: str, count: int, *, sure: bool = True) -> None:
    """`sure`: it must be there; else it may be missing."""
    if count > 1:
        verdict.doubled.append(f"{what} is there {count} times")
    elif not count and sure:
        verdict.lost.append(f"{what} is not there")
