"""Learning how task runs end that execute elsewhere: pushed by the server's events, or else asked for now and then.

One thread for each server, while anybody waits. One question is about all the runs that are waited for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import OrchestratorError
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.recording.logs import sdk_logger
from orchestrator.sdk.timing import pace
from orchestrator.sdk.watching.listening import Listening

_ENDS = [f"prefect.task-run.{name}" for name in ("Completed", "Failed", "Cancelled", "Crashed")]
_MOST_POLL_SECONDS = 2.0  # between two questions, as long as nothing is pushed
_POLL_SECONDS_WITH_PUSH = 5.0  # for what was said while nobody listened, and for states of other names
_IDLE_SECONDS = 10.0  # the connection is kept for whoever waits next
_AT_ONCE = 200  # the most that the API gives in one answer


class TaskRunWatch:
    """Tells how runs end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._expected: dict[str, list[Callable[[State], None]]] = {}
        self._thread: threading.Thread | None = None
        self._came = threading.Event()

    def expect(self, task_run_id: str, settle: Callable[[State], None]) -> None:
        """Call `settle` with the final state once it is known."""
        with self._lock:
            self._expected.setdefault(task_run_id, []).append(settle)
            self._came.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, name="orchestrator-task-runs", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        listening = Listening(self._client, {"event": {"name": _ENDS}})
        pauses = pace.growing_intervals(_POLL_SECONDS_WITH_PUSH)
        idle_since = time.monotonic()
        next_poll = 0.0
        try:
            while True:
                with self._lock:
                    if self._expected:
                        idle_since = time.monotonic()
                    elif time.monotonic() - idle_since > _IDLE_SECONDS:
                        self._thread = None
                        return
                    if self._came.is_set():
                        self._came.clear()
                        pauses = pace.growing_intervals(_POLL_SECONDS_WITH_PUSH)
                        next_poll = min(next_poll, time.monotonic() + next(pauses))
                listening.connect()
                if time.monotonic() >= next_poll:
                    self._poll()
                    most = _POLL_SECONDS_WITH_PUSH if listening.is_connected else _MOST_POLL_SECONDS
                    next_poll = time.monotonic() + min(next(pauses), most)
                self._listen(listening, max(0.0, min(next_poll - time.monotonic(), 0.5)))
        finally:
            listening.close()

    def _listen(self, listening: Listening, seconds: float) -> None:
        """Take what is pushed within that time."""
        if not listening.is_connected:
            self._came.wait(seconds)
            return
        event = listening.hear(seconds)
        if event is not None:
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        task_run_id = str((event.get("resource") or {}).get("prefect.resource.id", "")).removeprefix(
            "prefect.task-run."
        )
        wire = (event.get("payload") or {}).get("validated_state")
        with self._lock:
            wanted = task_run_id in self._expected
        if wanted and isinstance(wire, dict):
            self._tell(task_run_id, {"id": event.get("id"), "timestamp": event.get("occurred"), **wire})

    def _poll(self) -> None:
        with self._lock:
            ids = list(self._expected)
        for begin in range(0, len(ids), _AT_ONCE):
            body = {"task_runs": {"id": {"any_": ids[begin : begin + _AT_ONCE]}}, "limit": _AT_ONCE}
            try:
                found = self._client.ask("POST", "/task_runs/filter", body, patience_seconds=1.0)
            except OrchestratorError:
                return  # the server is away: asked again with the next poll
            for run in found:
                if run.get("state"):
                    self._tell(str(run["id"]), run["state"])

    def _tell(self, task_run_id: str, wire: dict[str, Any]) -> None:
        state = State.from_wire(wire)
        if not state.is_terminal:
            return
        with self._lock:
            settlers = self._expected.pop(task_run_id, [])
        for settle in settlers:
            try:
                settle(state)
            except Exception:  # noqa: BLE001 - whatever an author's callback raises: others wait too
                sdk_logger().exception("What was to be done when task run %s ended went wrong.", task_run_id)


_lock = threading.Lock()
_watches: WeakKeyDictionary[Client, TaskRunWatch] = WeakKeyDictionary()


def watch_of(client: Client) -> TaskRunWatch:
    """That of this server."""
    with _lock:
        watch = _watches.get(client)
        if watch is None:
            watch = _watches[client] = TaskRunWatch(client)
        return watch


def _start_anew_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    _watches.clear()


os.register_at_fork(after_in_child=_start_anew_in_child)
