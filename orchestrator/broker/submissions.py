"""Sending task runs to workers: the Celery message, as its sender and its receiver know it.

Each sending of a run has a number and a time, and both are signed. Letters repeat the number, so that what is said of
an earlier sending is passed over; and what is old is not executed, whoever put it on the broker again.

Quick runs travel together: a message then holds several, each signed by itself.
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, Protocol

from orchestrator.broker import CELERY_OPTIONS, register
from orchestrator.broker.queues import waiting_messages
from orchestrator.broker.signing import Signer

RUN_TASK = "orchestrator.run_task"
RUN_TASKS = "orchestrator.run_tasks"
STOP_TASKS = "orchestrator.stop_tasks"
MOST_BYTES = 8_000_000  # of a pickled task with its parameters, or of a pickled result
LONGEST_WAY_SECONDS = 86_400.0  # from the sending to the beginning; clocks of several hosts are compared
_PURPOSE = "task run"
_STOP = "stop"


class Sending(Protocol):
    """One run that is sent. `sending` counts how often this attempt of it was."""

    key: str
    attempt: int
    sending: int
    parcel: bytes


class Submitter:
    """Sends task runs over one connection. Not to be shared by threads."""

    def __init__(self, broker_url: str, signer: Signer) -> None:
        from celery import Celery

        register()
        self._signer = signer
        self._app = Celery("orchestrator.submitter", broker=broker_url, fixups=[], set_as_current=False)
        self._app.conf.update(CELERY_OPTIONS)
        self._connection: Any = None
        self._producer: Any = None

    def submit(self, runs: Iterable[Sending], *, queue: str, reply_to: str) -> None:
        """One run, or several in one message, which one process executes one after the other.

        Raises whatever the broker's library raises when it cannot be reached.
        """
        submissions = [self._submission(run, queue=queue, reply_to=reply_to) for run in runs]
        first, more = submissions[0], len(submissions) - 1
        identity = f"{first['key']}.{first['attempt']}.{first['sending']}"
        self._send(
            RUN_TASKS if more else RUN_TASK,
            {"runs": submissions} if more else first,
            queue=queue,
            task_id=f"{identity}+{more}" if more else identity,
            expires=LONGEST_WAY_SECONDS,  # for Celery
            expiration=LONGEST_WAY_SECONDS,  # for brokers that can throw away what nobody took
        )

    def stop(self, *, queue: str, keys: list[str]) -> None:
        """Ask the worker that reads this queue to end these runs."""
        signature = self._signer.sign(_STOP, queue.encode(), ",".join(keys).encode())
        self._send(STOP_TASKS, {"keys": keys, "signature": signature}, queue=queue, expires=60)

    def waiting(self, queue: str) -> int:
        """How many messages nobody has taken yet."""
        return waiting_messages(self._connected(), queue)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.release()
        self._connection = self._producer = None

    def _submission(self, run: Sending, *, queue: str, reply_to: str) -> dict[str, Any]:
        submission = {"key": run.key, "attempt": run.attempt, "sending": run.sending, "reply_to": reply_to}
        submission["sent_at"] = time.time()
        signature = self._signer.sign(_PURPOSE, *_signed_parts(queue, submission, run.parcel))
        return {**submission, "parcel": b64encode(run.parcel).decode(), "signature": signature}

    def _send(self, name: str, kwargs: dict[str, Any], **options: Any) -> None:
        self._connected()
        # Celery would describe the arguments for its log: nobody reads a parcel.
        options |= {"argsrepr": "", "kwargsrepr": ""}
        try:
            self._app.send_task(name, kwargs=kwargs, producer=self._producer, ignore_result=True, **options)
        except BaseException:
            self.close()
            raise

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
            self._producer = self._app.amqp.Producer(self._connection, auto_declare=False)
        return self._connection


def submissions_in(message: dict[str, Any]) -> list[dict[str, Any]]:
    """What a message of either task holds, whoever sent it."""
    if "runs" not in message:
        return [message]
    runs = message["runs"]
    return [run for run in runs if isinstance(run, dict)] if isinstance(runs, list) else []


def parcel_of(signer: Signer, queue: str, submission: dict[str, Any]) -> bytes | None:
    """What was sent; None when it was not signed with this key, or for another queue."""
    try:
        parcel = b64decode(submission["parcel"])
        parts = _signed_parts(queue, submission, parcel)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return parcel if signer.is_signed(submission.get("signature"), _PURPOSE, *parts) else None


def is_old(submission: dict[str, Any]) -> bool:
    """Whether it was sent too long ago, once it is known to be signed."""
    return bool(time.time() - float(submission["sent_at"]) > LONGEST_WAY_SECONDS)


def keys_to_stop(signer: Signer, queue: str, message: dict[str, Any]) -> list[str]:
    """The runs that are to end; none when the message was not signed with this key."""
    keys = message.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        return []
    signed = signer.is_signed(message.get("signature"), _STOP, queue.encode(), ",".join(keys).encode())
    return keys if signed else []


def _signed_parts(queue: str, told: dict[str, Any], parcel: bytes) -> tuple[bytes, ...]:
    return (
        queue.encode(),
        told["reply_to"].encode(),
        told["key"].encode(),
        str(int(told["attempt"])).encode(),
        str(int(told["sending"])).encode(),
        repr(float(told["sent_at"])).encode(),
        parcel,
    )
