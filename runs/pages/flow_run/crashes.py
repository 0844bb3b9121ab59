"""The end of a process in words: its exit code, the signal that ended it, and the worker that had it."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from orchestrator.contract.times import now
from orchestrator.pages.words import distance_words
from runs.models import Claim, FlowRun, Heartbeat

_CODE = re.compile(r"(?:exit(?:ed with)?(?: non-zero)?(?: status)?|status) code:? (-?\d+)", re.IGNORECASE)
_SIGNAL = re.compile(r"\bsignal (\d+)|\((SIG[A-Z]+)\)|\b(SIG[A-Z]+)\b")
_MEANINGS = {
    "SIGKILL": "Something outside ended it at once: mostly the system, because memory ran out, or somebody by hand.",
    "SIGTERM": "It was asked to end from outside, as when a worker, a container or a machine is shut down.",
    "SIGSEGV": "Compiled code in it reached for memory that is not its own: mostly a broken extension module.",
    "SIGABRT": "Compiled code in it gave up by itself.",
    "SIGINT": "It was interrupted from a keyboard.",
    "SIGBUS": "Compiled code in it could not read memory, as when a disk or /dev/shm is full.",
    "SIGHUP": "The terminal that it belonged to was closed.",
}


def crash_words(run: FlowRun, claims: Sequence[Claim], heartbeat: Heartbeat | None = None) -> list[str]:
    """Sentences that say more than the state's message does. `heartbeat` is of a run that no worker had."""
    told = " ".join(filter(None, [(run.state or {}).get("message"), claims[-1].reason if claims else ""]))
    found = (_of_the_end(told), _of_the_worker(claims), _of_the_process(heartbeat))
    return [sentence for sentence in found if sentence]


def _of_the_end(told: str) -> str:
    code = _CODE.search(told)
    number = int(code[1]) if code else 0
    name = _signal_named(told) or _signal_of(number)
    if name:
        return f"{name}: {_MEANINGS.get(name, 'A signal ended its process.')}"
    if number:
        return f"Its process ended by itself with exit code {number}, before the run could say how it went."
    return ""


def _signal_named(told: str) -> str:
    match = _SIGNAL.search(told)
    if match is None:
        return ""
    return _signal_of(-int(match[1])) if match[1] else match[2] or match[3]


def _signal_of(code: int) -> str:
    """Processes say it as a negative number, shells and containers as 128 and the signal's number."""
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name if number > 0 else ""
    except ValueError:
        return ""


def _of_the_worker(claims: Sequence[Claim]) -> str:
    if not claims:
        return ""
    last = claims[-1]
    process = f", process {last.process_id}" if last.process_id else ""
    heard = distance_words(last.ended_at or last.lease_expires_at, now())
    how = f" {last.reason}" if last.reason else ""
    tries = f" It was attempt {last.attempt}." if last.attempt > 1 else ""
    return f"Worker {last.worker_name}{process} had it until {heard}.{how}{tries}"


def _of_the_process(heartbeat: Heartbeat | None) -> str:
    if heartbeat is None:
        return ""
    return f"Its process{heartbeat.sender} was heard of for the last time {distance_words(heartbeat.last_at, now())}."
