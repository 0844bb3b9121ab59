"""Following a flow run: its log, line by line, until it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.exits import FAILED, Ended
from orchestrator.cli.output import hint, plain
from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.contract.times import format_time, parse_time

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client

POLL_SECONDS = 0.3
PAGE = 200  # log lines per request
OVERLAP = timedelta(seconds=5)  # batches of different senders do not arrive in the order of their times
PATIENCE_SECONDS = 120.0  # how long a server that is away is waited for
SILENCE_SECONDS = 8.0  # after which somebody who watches a run that does not begin is told so
WAITING = frozenset({StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED})
INTERRUPTED = 130  # as shells have it for Ctrl-C


def watch_run(
    client: Client,
    flow_run: dict[str, Any],
    *,
    show: Callable[[str], object],
    timeout_seconds: float | None = None,
) -> dict[str, Any]:
    """Show the run's log until the run has ended; returns its last state.

    `timeout_seconds` None waits as long as it takes. Raises Ended when the time is over before the run is.
    """
    log = RunLog(client, flow_run)
    began = time.monotonic()
    told = False
    while True:
        run = client.ask("GET", f"/flow_runs/{flow_run['id']}", patience_seconds=PATIENCE_SECONDS)
        state = run["state"]
        log.run_name = run["name"]  # the flow may give its run another name when it begins
        for entry in log.news():
            show(log.line(entry))
        if state and state["type"] in TERMINAL:
            time.sleep(POLL_SECONDS)  # the line that tells of the end follows the state
            for entry in log.news():
                show(log.line(entry))
            return dict(state)
        name = state["name"] if state else "without a state"
        waited = time.monotonic() - began
        if not told and waited > SILENCE_SECONDS and state and state["type"] in WAITING:
            told = True
            hint(f"It is {name} and has not begun. Why: orchestrator flow-run why {run['id']}")
        if timeout_seconds is not None and waited > timeout_seconds:
            raise Ended(f"The run is {name} after {timeout_seconds:g} seconds; it goes on.", code=FAILED)
        time.sleep(POLL_SECONDS)


def watch_to_the_end(
    client: Client, flow_run: dict[str, Any], *, show: Callable[[str], object], timeout_seconds: float | None = None
) -> None:
    """As `watch_run`; raises Ended unless the run completed. Ctrl-C ends the watching, not the run."""
    try:
        state = watch_run(client, flow_run, show=show, timeout_seconds=timeout_seconds)
    except KeyboardInterrupt:
        hint(f"\nThe run goes on. To end it: orchestrator flow-run cancel {flow_run['id']}")
        raise SystemExit(INTERRUPTED) from None
    if state["type"] != "COMPLETED":
        # A run whose process was killed has no last line in its log.
        raise Ended(f"The run is {state['name']}: {state['message'] or 'no reason was given'}")


class RunLog:
    """Reads each line of a run's log once. `least_level` is a number of Python's logging."""

    def __init__(self, client: Client, flow_run: dict[str, Any], *, least_level: int | None = None) -> None:
        self._client = client
        self.run_name = flow_run["name"]
        self._run_id = flow_run["id"]
        self._least_level = least_level
        self._seen: set[str] = set()
        self._after: str | None = None
        self._labels: dict[str, str] = {}

    def news(self) -> list[dict[str, Any]]:
        """The lines that came since the last call, in the order of their times."""
        entries = []
        offset = 0
        while True:
            page = self._page(offset, "TIMESTAMP_ASC", PAGE)
            entries += self._unseen(page)
            if len(page) < PAGE:
                break
            offset += PAGE
        if page:
            self._after = format_time(parse_time(page[-1]["timestamp"]) - OVERLAP)
        return entries

    def latest(self, count: int) -> list[dict[str, Any]]:
        """The last lines that there are now; `news` gives those that follow."""
        entries: list[dict[str, Any]] = []
        while len(entries) < count:
            size = min(PAGE, count - len(entries))
            page = self._page(len(entries), "TIMESTAMP_DESC", size)
            entries += page
            if len(page) < size:
                break
        entries.reverse()
        if entries:
            # Lines before these are not news, those at the same time as the first may be.
            self._after = entries[0]["timestamp"]
            self._after = max(self._after, format_time(parse_time(entries[-1]["timestamp"]) - OVERLAP))
        return self._unseen(entries)

    def line(self, entry: dict[str, Any]) -> str:
        """An entry as people read it."""
        moment = parse_time(entry["timestamp"]).astimezone()
        clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
        message = plain(click.unstyle(entry["message"]))
        return f"{clock} | {logging.getLevelName(entry['level']):<7} | {self._label(entry)} - {message}"

    def _unseen(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._learn_names(page)
        entries = [entry for entry in page if entry["id"] not in self._seen]
        self._seen |= {entry["id"] for entry in entries}
        return entries

    def _page(self, offset: int, sort: str, size: int) -> list[dict[str, Any]]:
        logs: dict[str, Any] = {"flow_run_id": {"any_": [self._run_id]}}
        if self._after is not None:
            logs["timestamp"] = {"after_": self._after}
        if self._least_level is not None:
            logs["level"] = {"ge_": self._least_level}
        body = {"logs": logs, "sort": sort, "limit": size, "offset": offset}
        page: list[dict[str, Any]] = self._client.ask("POST", "/logs/filter", body, patience_seconds=PATIENCE_SECONDS)
        return page

    def _learn_names(self, page: list[dict[str, Any]]) -> None:
        """Of the task runs on this page that are new; what the server has not recorded yet is asked for again."""
        unknown = sorted({entry["task_run_id"] for entry in page if entry.get("task_run_id")} - self._labels.keys())
        for start in range(0, len(unknown), PAGE):
            filters = {"task_runs": {"id": {"any_": unknown[start : start + PAGE]}}, "limit": PAGE}
            for task_run in self._client.ask("POST", "/task_runs/filter", filters, patience_seconds=PATIENCE_SECONDS):
                self._labels[task_run["id"]] = task_run["name"]

    def _label(self, entry: dict[str, Any]) -> str:
        task_run_id = entry.get("task_run_id")
        if task_run_id is None:
            return f"Flow run {self.run_name!r}"
        return f"Task run {self._labels.get(task_run_id, task_run_id)!r}"
