"""Serving tasks: a process that executes what was delayed, until it is told to stop.

A server of ours lets this process hold what it executes: a task run is acknowledged when it has ended and the server
knows it, so one whose process dies is begun again elsewhere. A server of Prefect is acknowledged on receipt.
"""

from __future__ import annotations

import os
import socket as sockets
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from orchestrator.contract.times import format_time, now
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.api.sockets import ApiSocket
from orchestrator.sdk.background_tasks.executions import Execution
from orchestrator.sdk.background_tasks.inputs import forget_inputs, read_inputs
from orchestrator.sdk.background_tasks.served_runs import ServedTaskRun
from orchestrator.sdk.background_tasks.status_page import HOST, status_page
from orchestrator.sdk.errors import OrchestratorError, RunAbandoned, SocketLost, TaskServingError
from orchestrator.sdk.outcomes.states import Crashed
from orchestrator.sdk.processes.stop_signals import stopped_by_signals
from orchestrator.sdk.runners.jobs import drive_here

if TYPE_CHECKING:
    from orchestrator.sdk.tasks.task import Task

PATH = "/task_runs/subscriptions/scheduled"
LIMIT = 10  # runs at once, unless somebody says otherwise
MOST_AT_ONCE = 1000
DRAIN_SECONDS = 10.0  # that runs get to end when the process is told to end
_TICK_SECONDS = 0.25
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 3.0  # well within the lease for which the server keeps what a lost connection held


def serve_tasks(
    *tasks: Task[Any, Any],
    limit: int | None = LIMIT,
    timeout: float | None = None,
    drain_seconds: float = DRAIN_SECONDS,
    print_starting_message: bool = True,
    status_server_port: int | None = None,
) -> None:
    """Execute the delayed runs of these tasks, in threads of this process, until SIGINT or SIGTERM comes.

    `limit` is how many execute at once, None is 1000. `timeout` ends the serving after so many seconds. On the signal
    no more runs begin, and those under way get `drain_seconds` to end; what is left then is begun again by whoever
    serves the task next. A second signal does so at once. `status_server_port` lets programs of this machine ask for
    `/status` there: which tasks are served, how many runs ended, and what executes since when.

    A server that goes away ends nothing. Raises MissingContext without a server, TaskServingError for what is no task,
    a limit below 1 or a port that is taken, SocketRefused when the server does not let tasks be served.
    """
    client = needed_client("Serving tasks")
    serving = TaskServing(client, tasks, limit=limit, drain_seconds=drain_seconds)
    with status_page(status_server_port, serving.status) as port:
        if print_starting_message:
            _greet(tasks, port)
        with stopped_by_signals(serving):
            serving.run(seconds=timeout)


def _greet(tasks: Sequence[Task[Any, Any]], port: int | None) -> None:
    page = f" Its status: http://{HOST}:{port}/status" if port is not None else ""
    _say(f"Serves {', '.join(sorted(task.name for task in tasks))}; Ctrl-C ends it.{page}")


class TaskServing:
    """The loop. `stop()` may be called from a signal handler or another thread."""

    def __init__(
        self,
        client: Client,
        tasks: Sequence[Task[Any, Any]],
        *,
        limit: int | None = LIMIT,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._client = client
        self._tasks = _checked_tasks(tasks)
        if limit is not None and limit < 1:
            raise TaskServingError(f"limit is {limit}; at least one run at once is needed, or None")
        self._limit = min(limit or MOST_AT_ONCE, MOST_AT_ONCE)
        self._drain_seconds = drain_seconds
        self._lock = threading.RLock()
        self._executions: dict[str, Execution] = {}
        self._freed = threading.Event()
        self._stops = 0
        self._drains_until: float | None = None
        self._ending = threading.Event()  # nobody waits for anything any more
        self._socket: ApiSocket | None = None
        self._subscription_id: str | None = None  # of a server that lets us hold; None: it does not, or not yet
        self._server_is_away = False
        self._client_id = f"{sockets.gethostname()}-{os.getpid()}"
        self._started_at = now()
        self._finished = 0

    def status(self) -> dict[str, Any]:
        """What it is doing, as JSON."""
        with self._lock:
            executing = [each for each in self._executions.values() if not each.is_over]
        in_flight: dict[str, dict[str, str]] = {}
        for each in executing:
            in_flight.setdefault(each.run.task.task_key, {})[each.run.id] = format_time(each.began_at)
        return {
            "client_id": self._client_id,
            "started_at": format_time(self._started_at),
            "stopping": bool(self._stops),
            "limit": self._limit,
            "current": len(executing),
            "available": max(0, self._limit - len(executing)),
            "tasks": sorted(self._tasks),
            "finished": self._finished,
            "in_flight": in_flight,
        }

    @property
    def executing(self) -> int:
        """How many runs execute now, or ended and are not acknowledged."""
        return len(self._executions)

    def run(self, *, seconds: float | None = None) -> None:
        """Until `stop()` was called, or for that long, and what was under way has ended."""
        until = None if seconds is None else time.monotonic() + seconds
        pause = _FIRST_PAUSE_SECONDS
        try:
            while not self._is_over(until):
                try:
                    with ApiSocket(self._client, PATH) as socket:
                        pause = _FIRST_PAUSE_SECONDS
                        self._converse(socket, until)
                except SocketLost as error:
                    self._note(error)
                    self._freed.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        finally:
            self._hand_back()

    def stop(self) -> None:
        """Begin no more runs. Called again: do not wait for those that are under way."""
        self._stops += 1
        self._freed.set()

    # --- what the server says

    def _is_over(self, until: float | None) -> bool:
        """Whether nothing is left to be done. The time for what is under way begins with the first stop."""
        if until is not None and time.monotonic() >= until and not self._stops:
            self._stops = 1
        if not self._stops:
            return False
        if self._stops > 1 or not self._executions:
            return True
        if self._drains_until is None:
            self._drains_until = time.monotonic() + self._drain_seconds
        return time.monotonic() >= self._drains_until

    def _converse(self, socket: ApiSocket, until: float | None) -> None:
        with self._lock:
            under_way = list(self._executions)
        socket.say(
            {
                "type": "subscribe",
                "keys": sorted(self._tasks),
                "client_id": self._client_id,
                # What follows is ours; other servers pass it over.
                "slots": self._limit,
                "resumes": self._subscription_id,
                "executing": under_way,
            }
        )
        may_hold = False
        told_to_stop = False
        try:
            while not self._is_over(until):
                if self._stops and may_hold and not told_to_stop:
                    socket.say({"type": "slots", "slots": 0})
                    told_to_stop = True
                if not may_hold and (self._stops or len(self._executions) >= self._limit) and self._executions:
                    self._freed.clear()
                    self._freed.wait(_TICK_SECONDS)
                    continue
                frame = socket.hear(timeout=_TICK_SECONDS)
                if frame is None:
                    continue
                if frame.get("type") == "subscribed":
                    may_hold = True
                    self._resumed(socket, frame)
                elif "task_key" in frame:
                    if not may_hold:
                        socket.say({"type": "ack"})
                    if not (self._stops and may_hold):
                        self._begin(frame)
            if may_hold:
                # What was sent and did not begin, or did not end, is others'.
                self._silence()
            socket.say({"type": "quit"})
        finally:
            with self._lock:
                self._socket = None

    def _resumed(self, socket: ApiSocket, frame: dict[str, Any]) -> None:
        """We are connected, again or for the first time; `holds` says what of the things under way still is ours."""
        if self._server_is_away:
            _say("The server is back.")
            self._server_is_away = False
        holds = set(frame.get("holds") or ())
        with self._lock:
            is_first = self._subscription_id is None
            self._subscription_id = str(frame.get("id"))
            self._socket = socket
            lost = [] if is_first else [each for run_id, each in self._executions.items() if run_id not in holds]
            over = [run_id for run_id, each in self._executions.items() if each.is_over]
        for execution in lost:
            self._give_up(execution)
        for run_id in over:
            self._acknowledge(run_id)

    # --- what is executed

    def _begin(self, known: dict[str, Any]) -> None:
        run_id, task = str(known["id"]), self._tasks.get(known["task_key"])
        if task is None or not known.get("state"):
            return
        with self._lock:
            if run_id in self._executions:
                return  # sent again, because the connection was lost in between
            run = ServedTaskRun(task, known, client=self._client)
            if run.state.is_terminal:
                return
            thread = threading.Thread(target=self._execute, args=(run,), name=f"orchestrator-{task.name}", daemon=True)
            self._executions[run_id] = Execution(run, thread)
        thread.start()

    def _execute(self, run: ServedTaskRun) -> None:
        try:
            due = run.state.scheduled_time
            if due is not None and self._ending.wait(max(0.0, (due - now()).total_seconds())):
                return
            try:
                parameters, wait_for = read_inputs(run.task, run.parameters_id) if run.parameters_id else ({}, [])
            except Exception as error:  # noqa: BLE001 - what was stored may be anything
                run.logger.error("The arguments cannot be read: %s", error)
                run.enter(Crashed(message=f"Its arguments cannot be read: {error}", data=error))
            else:
                run.take(parameters, wait_for)
                with suppress(BaseException):  # the engine has made it the run's last state
                    drive_here(run)
            # Before it is acknowledged: should this process die in between, the run is executed again.
            is_told = self._client.delivery.flush(2.0)
            while not is_told and not self._ending.is_set():
                is_told = self._client.delivery.flush(2.0)
            if is_told and run.parameters_id and run.state.is_completed():
                with suppress(OrchestratorError):  # a run that did not complete may be begun again by people
                    forget_inputs(run.task, run.parameters_id)
        except RunAbandoned:
            pass  # another process has the run: see `_give_up`
        finally:
            self._acknowledge(run.id)

    def _acknowledge(self, run_id: str) -> None:
        """The run is over. While the server is away that is kept in mind."""
        with self._lock:
            execution, socket = self._executions.get(run_id), self._socket
            if execution is None:
                return
            self._finished += 0 if execution.is_over else 1
            execution.is_over = True
            if self._subscription_id is None:
                self._executions.pop(run_id)
            elif socket is not None:
                try:
                    socket.say({"type": "ack", "task_run_id": run_id})
                except OrchestratorError:
                    return  # said again when the connection is back
                self._executions.pop(run_id, None)
        self._freed.set()

    def _give_up(self, execution: Execution) -> None:
        """Another process has the run by now: stop it, and say nothing more about it."""
        with self._lock:
            self._executions.pop(execution.run.id, None)
        if not execution.is_over:
            _say(f"Task run {execution.run.name!r} is executed elsewhere by now; it stops here.")
            execution.abandon("Another process executes it.")

    def _silence(self) -> None:
        """What still executes will be begun again elsewhere: it stops here, and nothing more is said of it."""
        with self._lock:
            left, self._executions = list(self._executions.values()), {}
        for execution in left:
            if not execution.is_over:
                _say(f"Task run {execution.run.name!r} did not end in time; it is begun again elsewhere.")
                execution.abandon("The process that served the task has ended.")

    def _hand_back(self) -> None:
        """At the end. Whom we could not tell that we hold nothing finds out by the end of our lease."""
        self._ending.set()
        if self._subscription_id is not None:
            self._silence()
            return
        with self._lock:
            left, self._executions = list(self._executions.values()), {}
        reason = "The process that served the task has ended."
        for execution in left:
            execution.run.enter(Crashed(message=reason))
            execution.abandon(reason)
        self._client.delivery.flush(5.0)

    def _note(self, error: SocketLost) -> None:
        if not self._server_is_away:
            self._server_is_away = True
            _say(f"The server is away, runs under way go on: {error}")


def _checked_tasks(tasks: Sequence[Any]) -> dict[str, Task[Any, Any]]:
    """The tasks under their keys, such that their results are stored."""
    if not tasks:
        raise TaskServingError("At least one task is needed: serve(my_task)")
    served: dict[str, Task[Any, Any]] = {}
    for task in tasks:
        if not hasattr(task, "apply_async"):
            raise TaskServingError(f"{task!r} is no task; give serve() functions that are decorated with @task")
        other = served.get(task.task_key)
        if other is not None and other.fn is not task.fn:
            raise TaskServingError(f"Two tasks of the name {task.name!r} have the same code; give one another name")
        served[task.task_key] = task.with_options(persist_result=True)
    return served


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
