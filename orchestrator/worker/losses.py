"""What the worker does when a child dies or is killed in the middle of a run."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

from billiard.einfo import ExceptionInfo
from billiard.exceptions import WorkerLostError
from celery.worker.request import Request

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import OrchestratorError
from orchestrator.worker.api import api_client
from orchestrator.worker.claims import Claim, ClaimGone, claim_of_process, crash_run, read_claim, report_lost_run
from orchestrator.worker.ending import HOOKS_SECONDS, call_hooks_elsewhere, is_being_ended
from orchestrator.worker.process_tree import kill_group_of
from orchestrator.worker.settings import WorkerSettings
from orchestrator.worker.stopping import USED_UP

_log = logging.getLogger("orchestrator.worker")
_reports: set[threading.Thread] = set()


class RunRequest(Request):
    """A wake-up on its way through this worker. Celery calls these methods in the worker, not in the child."""

    settings: WorkerSettings | None = None  # set once when the worker starts
    _told = False

    def on_failure(self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)
        if isinstance(error, SystemExit):
            # It ends by itself. Killed now, just after it said how its run ended, it might leave the pipe locked that
            # it said it through, and the process that takes its place would wait for that lock for ever.
            self._end_leftovers(leader_lives=True)
        if isinstance(error, SystemExit) and error.code == USED_UP:
            _log.info("Flow run %s left threads behind that do not stop; its process is replaced.", self._flow_run_id)
        elif isinstance(error, (WorkerLostError, SystemExit)):
            reason = f"The process that executed the run died: {how_it_died(str(error))}."
            _log.error("Flow run %s: %s", self._flow_run_id, reason)
            if isinstance(error, WorkerLostError):
                self._end_leftovers(leader_lives=False)
            self._tell(reason)
        super().on_failure(exc_info, send_failed_event=send_failed_event, return_ok=return_ok)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        if not soft:
            message = f"The run exceeded its hard time limit of {timeout:g} seconds and its process was killed."
            _log.error("Flow run %s: %s", self._flow_run_id, message)
            _in_background(_end_timed_out, self._flow_run_id, self.worker_pid, message)
        super().on_timeout(soft, timeout)

    def cancel(self, pool: Any, signal: Any = None, emit_retry: bool = True) -> None:
        """A cold stop of the worker kills the child. Its run may begin elsewhere at once."""
        if self.worker_pid:
            _log.warning("Flow run %s is handed back: the worker stops before it has ended.", self._flow_run_id)
        # Killed before that is told: the run begins elsewhere at once.
        super().cancel(pool, signal=signal, emit_retry=False)
        self._tell("The worker was stopped while it executed the run.", handed_back=True)

    def _tell(self, reason: str, *, handed_back: bool = False) -> None:
        if not self._told and self.worker_pid:  # without a process nothing was executed
            self._told = True
            if is_being_ended(self._flow_run_id, self.worker_pid):
                return
            report_loss(self._flow_run_id, self.worker_pid, reason, handed_back=handed_back)

    @property
    def _flow_run_id(self) -> str:
        return str(self.kwargs.get("flow_run_id"))

    def _end_leftovers(self, *, leader_lives: bool) -> None:
        """The child led a process group: whatever it started goes with it."""
        if self.worker_pid:
            kill_group_of(self.worker_pid, leader_lives=leader_lives)


def report_loss(flow_run_id: str, process_id: int, reason: str, *, handed_back: bool = False) -> None:
    """Tell the server, without holding up the caller, that a run lost its process."""
    _in_background(_report, flow_run_id, process_id, reason, handed_back)


def wait_for_reports(timeout_seconds: float) -> None:
    """Give reports that are under way a moment before the worker ends."""
    for thread in list(_reports):
        thread.join(timeout_seconds)


def _report(flow_run_id: str, process_id: int, reason: str, handed_back: bool = False) -> None:
    settings = _settings()
    client = api_client(settings.api_url)
    claim = None if handed_back else _claim_of(client, settings, flow_run_id, process_id)
    _tell_of_loss(client, settings, flow_run_id, process_id, reason, handed_back=handed_back)
    if claim is not None:
        _call_hooks_of_crash(client, settings, claim)


def _tell_of_loss(
    client: Client, settings: WorkerSettings, flow_run_id: str, process_id: int, reason: str, *, handed_back: bool
) -> None:
    report_lost_run(
        client,
        pool=settings.pool,
        flow_run_id=flow_run_id,
        worker_name=settings.name,
        process_id=process_id,
        reason=reason,
        handed_back=handed_back,
    )


def _claim_of(client: Client, settings: WorkerSettings, flow_run_id: str, process_id: int) -> Claim | None:
    """Read before the run is given away; None when the process had not got it, or the server does not say."""
    try:
        claim_id = _claim_id_of(client, settings, flow_run_id, process_id)
        return _read(client, claim_id) if claim_id is not None else None
    except OrchestratorError:
        return None


def _claim_id_of(client: Client, settings: WorkerSettings, flow_run_id: str, process_id: int) -> str | None:
    return claim_of_process(
        client, pool=settings.pool, worker_name=settings.name, flow_run_id=flow_run_id, process_id=process_id
    )


def _read(client: Client, claim_id: str) -> Claim | None:
    try:
        return read_claim(client, claim_id)
    except (ClaimGone, OrchestratorError):
        return None


def _call_hooks_of_crash(client: Client, settings: WorkerSettings, claim: Claim) -> None:
    """If the run has crashed, and is not begun again."""
    run = client.ask("GET", f"/flow_runs/{claim.flow_run['id']}", patience_seconds=HOOKS_SECONDS)
    if run["state_type"] == "CRASHED" and run.get("state"):
        call_hooks_elsewhere(settings, flow_run=claim.flow_run, deployment=claim.deployment or {}, state=run["state"])


def _end_timed_out(flow_run_id: str, process_id: int, message: str) -> None:
    settings = _settings()
    client = api_client(settings.api_url)
    claim_id = _claim_id_of(client, settings, flow_run_id, process_id)
    if claim_id is None:
        # It had not got the run: the message was a second one, or made up, and the run is somebody else's.
        return
    claim = _read(client, claim_id)
    # Ended before it is reported as lost: a run that is over is not tried again.
    crash_run(client, flow_run_id=flow_run_id, claim_id=claim_id, name="TimedOut", message=message)
    _tell_of_loss(client, settings, flow_run_id, process_id, message, handed_back=False)
    if claim is not None:
        _call_hooks_of_crash(client, settings, claim)


def _in_background(function: Any, *arguments: Any) -> None:
    def call() -> None:
        try:
            function(*arguments)
        except OrchestratorError as error:
            # The lease ends by itself then, and the server finds out that way.
            _log.warning("The server could not be told: %s", error)
        finally:
            _reports.discard(thread)

    thread = threading.Thread(target=call, name="report-of-loss", daemon=True)
    _reports.add(thread)
    thread.start()


def _settings() -> WorkerSettings:
    if RunRequest.settings is None:
        raise RuntimeError("The worker has not been set up")
    return RunRequest.settings


def how_it_died(text: str) -> str:
    """`signal 9 (SIGKILL)` or `exit code 3` out of Celery's sentence."""
    found = re.search(r"(signal \d+ \(\w+\)|exitcode \d+)", text)
    return found.group(1).replace("exitcode", "exit code") if found else text
