"""Whether what is sent to this worker reaches it. That the process lives and has a connection says little:
a consumer can sit on a connection that is dead, or be connected and ask for nothing.

So the worker sends itself a message on a queue of its own, through the broker and the same consumer that brings the
wake-ups. A message that does not come back makes the consumer connect anew; if that does not help, the worker ends, and
whoever looks after it starts it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from celery import Celery, Task
from celery.worker.state import reserved_requests

from orchestrator.worker.settings import WorkerSettings

PATIENCE = 0.5  # for a probe to come back, in pauses between two
RECONNECT_AFTER = 2  # probes in a row that were sent and did not come back
GIVE_UP_AFTER = 6
LIFETIME_SECONDS = 60  # of a probe that nobody reads

CONSUMING = "CONSUMING"
BUSY = "BUSY"
LOST = "LOST"
TASK_NAME = "orchestrator.probe"

_log = logging.getLogger("orchestrator.worker")


class Probe(Task):
    """Received in the worker itself: no process executes it, and it takes no place."""

    name = TASK_NAME
    Strategy = "orchestrator.worker.probing:receive"
    came_back: Callable[[str], None] = staticmethod(lambda token: None)

    def run(self, **_: Any) -> None:
        """Never called; what arrives is looked at by `receive`."""


def receive(task: Probe, app: Celery, consumer: Any, **_: Any) -> Callable[..., None]:
    """What Celery calls for a message of this task, instead of handing it to a process."""

    def handle(message: Any, body: Any, ack: Callable[..., Any], reject: Any, callbacks: Any, **_: Any) -> None:
        ack(_log, consumer.connection_errors)
        task.came_back(str((message.headers or {}).get("id", "")))

    return handle


class Prober:
    """Probes in a thread of the worker, and knows how it stands."""

    def __init__(
        self,
        app: Celery,
        settings: WorkerSettings,
        *,
        reconnect: Callable[[], None],
        give_up: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        """`reconnect` makes the consumer connect anew, `give_up` ends the worker, `changed` hears of another state."""
        self._app = app
        self._queue = settings.queues[0]
        self._processes = settings.concurrency
        self._pause_seconds = settings.probe_seconds
        self._patience_seconds = settings.probe_seconds * PATIENCE
        self._reconnect = reconnect
        self._give_up = give_up
        self._changed = changed
        self._returned = threading.Event()
        self._stopped = threading.Event()
        self._token = ""
        self._sender: threading.Thread | None = None
        self._failures = 0
        self._last_return: float | None = None
        self.state: str | None = None  # None: not known yet

    def start(self) -> None:
        threading.Thread(target=self._probe_for_ever, name="prober-of-broker", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        self._returned.set()

    def came_back(self, token: str) -> None:
        """Called by the consumer."""
        self._last_return = time.monotonic()
        if token == self._token:
            self._returned.set()

    @property
    def last_return_age_seconds(self) -> float | None:
        """How long ago a probe came back. None: never."""
        return None if self._last_return is None else time.monotonic() - self._last_return

    def _probe_for_ever(self) -> None:
        while not self._stopped.is_set():
            self._probe()
            # Sooner while something is wrong.
            self._stopped.wait(self._patience_seconds if self.state == LOST else self._pause_seconds)

    def _probe(self) -> None:
        if self._is_full():
            self._become(BUSY)
            return
        self._token = str(uuid4())
        self._returned.clear()
        trouble = self._trouble_with_sending()
        if trouble is not None:
            # Nothing can be consumed, and connecting anew is what Celery is doing already.
            self._become(LOST, f"The broker cannot be reached; the worker keeps trying. ({trouble})")
            return
        if self._returned.wait(self._patience_seconds):
            if not self._stopped.is_set():
                self._failures = 0
                self._become(CONSUMING)
            return
        if self._is_full():  # then it waits until a run has ended, as every message does
            self._become(BUSY)
            return
        self._failures += 1
        self._become(LOST, "Messages to this worker do not arrive, although the broker takes them.")
        self._repair()

    def _trouble_with_sending(self) -> str | None:
        """Sends a probe. What went wrong; None when the broker has it. A broker may also not answer at all."""
        if self._sender is not None and self._sender.is_alive():
            self._sender.join(self._patience_seconds)
            return "it does not answer"
        troubles: list[str] = []
        self._sender = threading.Thread(target=self._send, args=(troubles,), name="sender-of-probe", daemon=True)
        self._sender.start()
        self._sender.join(self._patience_seconds)
        if self._sender.is_alive():
            return "it does not answer"
        return troubles[0] if troubles else None

    def _send(self, troubles: list[str]) -> None:
        try:
            self._send_probe(self._token)
        except Exception as error:  # noqa: BLE001 - each broker library has errors of its own
            troubles.append(str(error) or type(error).__name__)

    def _send_probe(self, token: str) -> None:
        self._app.send_task(
            TASK_NAME,
            task_id=token,
            queue=self._queue,
            priority=0,
            expires=LIFETIME_SECONDS,
            ignore_result=True,
        )

    def _repair(self) -> None:
        if self._failures >= GIVE_UP_AFTER:
            self._give_up("Messages from the broker no longer arrive, and connecting anew did not help.")
        elif self._failures >= RECONNECT_AFTER:
            _log.warning("The worker connects to the broker anew.")
            self._reconnect()

    def _is_full(self) -> bool:
        """Every process has a run: nothing more is asked of the broker until one ends."""
        return len(reserved_requests) >= self._processes

    def _become(self, state: str, why: str | None = None) -> None:
        if state == self.state:
            return
        before, self.state = self.state, state
        if why is not None:
            _log.warning("%s", why)
        elif before == LOST:
            _log.info("Messages from the broker arrive again.")
        self._changed()


def connect_anew(consumer: Any) -> None:
    """Let Celery's consumer drop its connection and make another, as after a connection that broke.

    It can only be told from its own thread, and there it looks at its QoS at every turn.
    """

    def break_off(**_: Any) -> None:
        raise ConnectionResetError("the worker's own messages do not arrive")

    qos = consumer.qos
    if qos is not None:
        qos.callback = break_off
        qos.prev = -1
