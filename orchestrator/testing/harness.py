"""Runs of flows in a test: no server, no waiting, and everything they did to look at afterwards."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import isroutine
from itertools import pairwise
from typing import Any

from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import parse_time
from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.configuration.temporary_settings import temporary_settings
from orchestrator.sdk.run_input.kinds import as_values
from orchestrator.sdk.runners.opening import all_in_threads
from orchestrator.sdk.timing import pace
from orchestrator.testing.memory_server import MemoryServer
from orchestrator.testing.recorded import RecordedLog, RecordedRun

_DRAIN_SECONDS = 30.0


@contextmanager
def harness(
    *,
    resume_with: Any = None,
    stay_paused: bool = False,
    variables: Mapping[str, Any] | None = None,
    **own_settings: Any,
) -> Iterator[Harness]:
    """Inside, flows and tasks run without a server, and the engine waits for nothing.

    Delays before retries pass at once, whatever they are; an author's own `time.sleep` takes its time, and so do time
    limits. Submitted tasks execute in threads, whatever task runner their flow names. A run that pauses is resumed at
    once with `resume_with` as its input, or with what that gives as a function, each time; `stay_paused=True` leaves
    that to `h.resume(run)`. Slots of concurrency limits are always free. `variables` are there from the beginning.
    Further keywords are settings, as `temporary_settings` takes them.

    Results are stored, and profiles looked for, in a directory of the harness's own, which is gone afterwards. What a
    run asks of the server that the harness does not have raises ApiError with status 501.

        with harness() as h:
            assert my_flow(3) == 9
            h.assert_state(h.flow_run("my-flow"), "Completed")
            h.assert_logged("nine")
    """
    server = MemoryServer()
    for name, value in (variables or {}).items():
        server.things.create_variable({"name": name, "value": value})
    client = server.client()
    made = Harness(server, client)
    if not stay_paused:
        server.runs.when_paused.append(
            lambda run: made.go_on(run, resume_with() if isroutine(resume_with) else resume_with)
        )
    with tempfile.TemporaryDirectory(prefix="orchestrator-test-") as directory:
        nothing: dict[str, Any] = dict.fromkeys(settings.SETTINGS)
        with (
            temporary_settings(
                {**nothing, "ORCHESTRATOR_HOME": directory, "ORCHESTRATOR_PROFILE": None}, **own_settings
            ),
            use_client(client),
            pace.hurried(),
            all_in_threads(),
        ):
            try:
                yield made
            finally:
                client.delivery.flush(_DRAIN_SECONDS)


class Harness:
    """What the runs of a test did. Made by `harness()`.

    A run may be named by what the harness gave, by its id, by a future, or by a state that a call with
    `return_state=True` gave.
    """

    def __init__(self, server: MemoryServer, client: Client) -> None:
        self._server = server
        self._client = client

    @property
    def flow_runs(self) -> list[RecordedRun]:
        """All flow runs, subflows included, in the order in which they were created."""
        self._arrived()
        return [self._flow_run(run) for run in self._server.runs.flow_runs.values()]

    def flow_run(self, flow_name: str | None = None) -> RecordedRun:
        """The only run, or the only one of this flow. Raises AssertionError when there is none, or more than one."""
        return _the_only(self.flow_runs, flow_name)

    def task_runs(self, task_name: str | None = None) -> list[RecordedRun]:
        """The task runs, or those of one task, in the order in which they were created. Those that stand for subflows
        are left out."""
        self._arrived()
        runs = self._server.runs
        tracking = runs.tracking_ids()
        found = [self._task_run(run) for run in runs.task_runs.values() if run["id"] not in tracking]
        return [run for run in found if task_name in (None, run.of)]

    def task_run(self, task_name: str | None = None) -> RecordedRun:
        """The only task run, or the only one of this task. Raises AssertionError when there is none, or more."""
        return _the_only(self.task_runs(), task_name)

    def states(self, run: Any) -> list[str]:
        """The names of the states that a run went through, for instance `["Pending", "Running", "Completed"]`."""
        return list(self.run(run).states)

    def run(self, run: Any) -> RecordedRun:
        """The run as it is now. Raises AssertionError when the harness has seen none of that id."""
        run_id = _id_of(run)
        self._arrived()
        runs = self._server.runs
        if run_id in runs.flow_runs:
            return self._flow_run(runs.flow_runs[run_id])
        if run_id in runs.task_runs:
            return self._task_run(runs.task_runs[run_id])
        raise AssertionError(f"the harness has seen no run {run!r}")

    @property
    def logs(self) -> list[RecordedLog]:
        """All log lines of runs, what the engine says included, in the order in which they were written."""
        self._arrived()
        lines = [
            RecordedLog(
                message=log["message"],
                level=log["level"],
                timestamp=parse_time(log["timestamp"]),
                flow_run_id=log.get("flow_run_id"),
                task_run_id=log.get("task_run_id"),
            )
            for log in self._server.runs.logs
        ]
        return sorted(lines, key=lambda line: line.timestamp)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, those of task runs included, as they were sent."""
        self._arrived()
        return list(self._server.runs.events)

    @property
    def artifacts(self) -> list[dict[str, Any]]:
        """All artifacts, oldest first, as the API has them: `key`, `type`, `data`, …"""
        return list(self._server.things.artifacts)

    @property
    def variables(self) -> dict[str, Any]:
        """The values of all variables as they are now, by name."""
        return {name: row.get("value") for name, row in self._server.things.variables.items()}

    def resume(self, run: Any, run_input: Any = None) -> None:
        """Let a paused run go on. Raises AssertionError when it is not paused."""
        values = None if run_input is None else as_values(run_input)
        status, _ = self._server.things.resume({"run_input": values}, _id_of(run))
        if status != 201:
            raise AssertionError(f"the run {run!r} cannot be resumed: it is not paused")

    def go_on(self, run: dict[str, Any], run_input: Any) -> None:
        """Resume a run that waits in its process; one that is suspended has left it."""
        if not run["state"]["state_details"].get("pause_reschedule"):
            self.resume(run["id"], run_input)

    def assert_state(self, run: Any, name: str) -> RecordedRun:
        """The run's last state has this name, or is of this type (`"Completed"` or `"COMPLETED"`)."""
        seen = self.run(run)
        if name not in (seen.state_name, seen.state_type):
            said = f": {seen.message}" if seen.message else ""
            raise AssertionError(f"{seen} is {seen.state_name}, not {name}{said}")
        return seen

    def assert_logged(self, text: str, *, level: int | str | None = None, run: Any = None) -> RecordedLog:
        """A log line contains this text; with `level` one of that level, with `run` one of that run."""
        number = logging.getLevelNamesMapping()[level.upper()] if isinstance(level, str) else level
        of_run = _id_of(run) if run is not None else None
        lines = [
            line
            for line in self.logs
            if number in (None, line.level) and of_run in (None, line.flow_run_id, line.task_run_id)
        ]
        for line in lines:
            if text in line.message:
                return line
        shown = "\n".join(f"  {line}" for line in lines) or "  nothing"
        raise AssertionError(f"{text!r} was not logged; this was:\n{shown}")

    def _arrived(self) -> None:
        if not self._client.delivery.flush(_DRAIN_SECONDS):
            raise AssertionError("what the runs did has not arrived in the harness; is a task still executing?")

    def _flow_run(self, run: dict[str, Any]) -> RecordedRun:
        runs = self._server.runs
        tracking = runs.task_runs.get(run["parent_task_run_id"] or "")
        return self._recorded(
            run,
            kind="flow run",
            of=runs.flows[run["flow_id"]]["name"],
            parameters=dict(run["parameters"]),
            parent_id=tracking["flow_run_id"] if tracking else None,
        )

    def _task_run(self, run: dict[str, Any]) -> RecordedRun:
        return self._recorded(run, kind="task run", of=run["of"], parameters=None, parent_id=run["flow_run_id"])

    def _recorded(
        self, run: dict[str, Any], *, kind: str, of: str, parameters: dict[str, Any] | None, parent_id: str | None
    ) -> RecordedRun:
        states = self._server.runs.states[run["id"]]
        return RecordedRun(
            id=run["id"],
            name=run["name"],
            of=of,
            kind=kind,
            state_name=states[-1].name,
            state_type=states[-1].type.value,
            states=tuple(state.name for state in states),
            messages=tuple(state.message for state in states),
            run_count=run["run_count"],
            tags=tuple(run["tags"]),
            parameters=parameters,
            parent_id=parent_id,
            seconds=_running_seconds(states),
        )


def _running_seconds(states: list[State]) -> float:
    spans = [
        (after.timestamp - each.timestamp).total_seconds()
        for each, after in pairwise(states)
        if each.type is StateType.RUNNING
    ]
    return float(sum(spans))


def _the_only(runs: list[RecordedRun], name: str | None) -> RecordedRun:
    found = [run for run in runs if name in (None, run.of)]
    if len(found) == 1:
        return found[0]
    wanted = f"of {name!r}" if name is not None else "at all"
    seen = ", ".join(sorted({run.of for run in runs})) or "none"
    raise AssertionError(f"there are {len(found)} runs {wanted}, not one; the harness has seen runs of: {seen}")


def _id_of(run: Any) -> str:
    """The id that a run, a future, a state or a text stands for."""
    if isinstance(run, str):
        return run
    details = getattr(run, "state_details", None)
    if details is not None:
        return str(details.task_run_id or details.flow_run_id)
    for name in ("task_run_id", "flow_run_id", "id"):
        if getattr(run, name, None):
            return str(getattr(run, name))
    return str(run)
