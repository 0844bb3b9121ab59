"""Following a flow run: its log, line by line, until it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.contract.states import TERMINAL
from orchestrator.contract.times import format_time, parse_time

if TYPE_CHECKING:
    from orchestrator.sdk.client import Client

POLL_SECONDS = 0.3
PAGE = 200  # log lines per request
OVERLAP = timedelta(seconds=5)  # batches of different senders do not arrive in the order of their times
PATIENCE_SECONDS = 120.0  # how long a server that is away is waited for


def watch_run(client: Client, flow_run: dict[str, Any], *, show: Callable[[str], object]) -> dict[str, Any]:
    """Show the run's log until the run has ended; returns its last state."""
    log = _Log(client, flow_run)
    while True:
        run = client.ask("GET", f"/flow_runs/{flow_run['id']}", patience_seconds=PATIENCE_SECONDS)
        state = run["state"]
        log.run_name = run["name"]  # the flow may give its run another name when it begins
        for line in log.news():
            show(line)
        if state and state["type"] in TERMINAL:
            time.sleep(POLL_SECONDS)  # the line that tells of the end follows the state
            for line in log.news():
                show(line)
            return dict(state)
        time.sleep(POLL_SECONDS)


class _Log:
    """Reads each line of a run's log once."""

    def __init__(self, client: Client, flow_run: dict[str, Any]) -> None:
        self._client = client
        self.run_name = flow_run["name"]
        self._run_id = flow_run["id"]
        self._seen: set[str] = set()
        self._after: str | None = None
        self._labels: dict[str, str] = {}

    def news(self) -> list[str]:
        """The lines that came since the last call, formatted."""
        lines = []
        offset = 0
        while True:
            page = self._page(offset)
            self._learn_names(page)
            for entry in page:
                if entry["id"] not in self._seen:
                    self._seen.add(entry["id"])
                    lines.append(self._format(entry))
            if len(page) < PAGE:
                break
            offset += PAGE
        if page:
            self._after = format_time(parse_time(page[-1]["timestamp"]) - OVERLAP)
        return lines

    def _page(self, offset: int) -> list[dict[str, Any]]:
        logs: dict[str, Any] = {"flow_run_id": {"any_": [self._run_id]}}
        if self._after is not None:
            logs["timestamp"] = {"after_": self._after}
        body = {"logs": logs, "sort": "TIMESTAMP_ASC", "limit": PAGE, "offset": offset}
        page: list[dict[str, Any]] = self._client.ask("POST", "/logs/filter", body, patience_seconds=PATIENCE_SECONDS)
        return page

    def _learn_names(self, page: list[dict[str, Any]]) -> None:
        """Of the task runs on this page that are new; what the server has not recorded yet is asked for again."""
        unknown = {entry["task_run_id"] for entry in page if entry.get("task_run_id")} - self._labels.keys()
        if not unknown:
            return
        filters = {"task_runs": {"id": {"any_": sorted(unknown)}}, "limit": PAGE}
        for task_run in self._client.ask("POST", "/task_runs/filter", filters, patience_seconds=PATIENCE_SECONDS):
            self._labels[task_run["id"]] = task_run["name"]

    def _format(self, entry: dict[str, Any]) -> str:
        moment = parse_time(entry["timestamp"]).astimezone()
        clock = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"
        return f"{clock} | {logging.getLevelName(entry['level']):<7} | {self._label(entry)} - {entry['message']}"

    def _label(self, entry: dict[str, Any]) -> str:
        task_run_id = entry.get("task_run_id")
        if task_run_id is None:
            return f"Flow run {self.run_name!r}"
        return f"Task run {self._labels.get(task_run_id, task_run_id)!r}"
