"""One submitted task in a warm process: check, execute, answer."""

from __future__ import annotations

import logging
import signal
import time
from base64 import b64encode
from typing import Any

from orchestrator.broker.submissions import MOST_BYTES, is_old, parcel_of
from orchestrator.sdk.engine.stopping import STOP_SIGNAL
from orchestrator.sdk.errors import RunCancelled
from orchestrator.worker.stopping import ORPHAN_SIGNAL
from orchestrator.worker.tasks.office import Office

ABOUT = ("key", "attempt", "sending")  # what every letter repeats of the submission that it is about

_log = logging.getLogger("orchestrator.worker")


def execute(office: Office, submission: dict[str, Any], *, redelivered: bool, executes: bool = False) -> str:
    """One task run. Returns a word for the worker's log; raises nothing for what the task does.

    `executes`: when it came again, this worker was still executing what it had been given first.
    """
    about = {name: submission.get(name) for name in ABOUT}
    reply_to = str(submission.get("reply_to"))
    parcel = parcel_of(office.signer, office.queue, submission)
    if parcel is None:
        _log.warning("Task run %s was not executed: it is not signed with this worker's key.", about["key"])
        if reply_to.startswith("replies."):
            office.answer(reply_to, {"kind": "stranger", **about})
        return "stranger"
    if executes:
        office.answer(reply_to, sign_of_life(office, [about]))
        return "executes"
    if redelivered:
        office.answer(reply_to, {"kind": "again", **about})
        return "again"
    unbegun = "old" if is_old(submission) else None if office.is_awaited(reply_to) else "unawaited"
    if unbegun is not None:
        _log.warning("Task run %s is %s: it is not executed.", about["key"], unbegun)
        office.answer(reply_to, {"kind": unbegun, **about}, patience_seconds=2.0)
        return unbegun
    began = time.monotonic()
    reply, stopped = _executed(parcel)
    letter = {"kind": "reply", **about, "reply": b64encode(reply).decode(), "seconds": time.monotonic() - began}
    office.answer(reply_to, letter)
    return "stopped" if stopped else "executed"


def sign_of_life(office: Office, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The letter that says what executes here; each run as `ABOUT` names it."""
    told = [[run[name] for name in ABOUT] for run in runs]
    return {"kind": "alive", "worker": office.own_queue, "processes": office.settings.concurrency, "runs": told}


def _executed(parcel: bytes) -> tuple[bytes, bool]:
    """The reply, and whether the task was told to stop."""
    from orchestrator.sdk.runners.abroad import execute_parcel, failed_reply

    stopped = False

    def stop(number: int, frame: Any) -> None:
        nonlocal stopped
        stopped = True
        signal.signal(STOP_SIGNAL, signal.SIG_IGN)
        raise RunCancelled("The flow run ended before the task run did.")

    # A worker that stops at once, or dies, ends this process: the task must not take that for its own end.
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, ORPHAN_SIGNAL)}
    try:
        signal.signal(STOP_SIGNAL, stop)
        reply = execute_parcel(parcel, most_bytes=MOST_BYTES)
    except RunCancelled as error:
        reply = failed_reply(error)
    except Exception as error:  # noqa: BLE001 - what was sent cannot be opened here: a module is missing, say
        reply = failed_reply(error)
    finally:
        signal.signal(STOP_SIGNAL, signal.SIG_IGN)
        for number, handler in before.items():
            signal.signal(number, handler)
    return reply, stopped
