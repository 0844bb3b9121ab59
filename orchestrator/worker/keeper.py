"""While a run executes, a thread keeps the claim alive and looks whether the run should stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from orchestrator.contract.states import StateType
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.errors import ApiError, ClaimLost, RunCancelled, RunStopped, RunSuspended, ServerUnreachable
from orchestrator.worker.api import Access
from orchestrator.worker.claims import Claim, ClaimGone, renew_claim
from orchestrator.worker.process_tree import ProcessTree, mark_of
from orchestrator.worker.undertaker import Burial, call_undertaker

MOST_SECONDS_BETWEEN_RENEWALS = 1.5  # also how late a cancellation is noticed; most of them write nothing
GRACE_SECONDS = 30.0  # what a run gets to stop by itself after its claim was lost, before its process is killed
SUSPENDED = "Suspended"  # a pause that the process does not wait for
_TICK_SECONDS = 0.5

_log = logging.getLogger("orchestrator.worker")


class Keeper:
    """Renews one claim until `stop()`. A server that is away for a while ends nothing: the run goes on.

    Stops the run when it is to be cancelled, when somebody else suspended it, and when the claim is lost. One that lost
    its claim and has not stopped GRACE_SECONDS later loses its process, and so does, at once, a run whose worker died.
    A run that does not let itself be cancelled is ended by the worker, see warden.py.
    """

    def __init__(self, client: Client, claim: Claim, *, access: Access, stop: Callable[[RunStopped], bool]) -> None:
        """`stop` tells the run to stop; False when that does not reach it yet."""
        self._stop_run = stop
        self._access = access
        self._client = client
        self._claim = claim
        self._flow_run_id = str(claim.flow_run["id"])
        self._every_seconds = min(claim.lease_seconds / 3, MOST_SECONDS_BETWEEN_RENEWALS)
        self._parent = os.getppid()
        self._finished = threading.Event()
        self._orphaned = threading.Event()
        self._stop: RunStopped | None = None  # why the run is to stop, until it was told
        self._gone_since: float | None = None
        self.cancelling = False
        self._suspended = False
        self.gone = False
        self._thread = threading.Thread(target=self._keep, name="keeper-of-claim", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Afterwards nothing is stopped or killed any more."""
        self._finished.set()
        self._thread.join()

    def worker_died(self) -> None:
        """The worker that owns this process is gone: give the run up, then die. May be called from a signal handler."""
        self._orphaned.set()

    def _keep(self) -> None:
        next_renewal = time.monotonic() + self._every_seconds
        while not self._finished.wait(min(_TICK_SECONDS, self._every_seconds)):
            if self._orphaned.is_set() or os.getppid() != self._parent:
                self._give_up("The worker process died while it executed the run.")
            now = time.monotonic()
            if now >= next_renewal and not self.gone:
                self._renew()
                next_renewal = time.monotonic() + self._every_seconds
            if self._stop is not None and self._stop_run(self._stop):
                self._stop = None
            if self._gone_since is not None and now - self._gone_since > GRACE_SECONDS:
                _log.error("Flow run %s did not stop after its claim ended: it is killed.", self._flow_run_id)
                self._end_process()

    def _renew(self) -> None:
        try:
            renewal = renew_claim(self._client, self._claim.id)
        except ClaimGone:
            self.gone = True
            self._gone_since = time.monotonic()
            self._stop = ClaimLost("Another worker owns the run, or it has ended.")
        except ServerUnreachable:
            pass  # asked again at the next renewal; the server counts no lease as expired while it is away
        except ApiError as error:
            _log.warning("The claim could not be renewed: %s", error)
        else:
            if renewal.state_type == StateType.CANCELLING and not self.cancelling:
                self.cancelling = True
                self._stop = RunCancelled("The run was cancelled.")
            elif renewal.state_type == StateType.PAUSED and renewal.state_name == SUSPENDED and not self._suspended:
                # One that suspended itself is on its way out already, and this changes nothing.
                self._suspended = True
                self._stop = RunSuspended()

    def _end_process(self) -> None:
        """With all that the run started, wherever that went; this process comes last."""
        tree = ProcessTree(os.getpid(), mark=mark_of(self._flow_run_id, os.getpid()))
        tree.kill()
        _kill_own_group()

    def _give_up(self, reason: str) -> None:
        """The run begins elsewhere as soon as it is given back, so it is given back by somebody who outlives it."""
        call_undertaker(Burial(os.getpid(), self._claim.id, reason, self._access))
        self._end_process()


def _kill_own_group() -> None:
    """End this process and what the run started. Each child of the worker leads a process group of its own."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
