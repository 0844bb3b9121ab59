"""Runs that talk: `send_input(…)` to a run, and `receive_input(…)` inside of it."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.run_client import needed_client
from orchestrator.sdk.both_ways import both_ways, caller_awaits, in_thread
from orchestrator.sdk.context import current_flow_run
from orchestrator.sdk.errors import InputRefused, MissingContext, WaitTimeout
from orchestrator.sdk.run_input.inbox import find_inputs, give_input
from orchestrator.sdk.run_input.kinds import InputMetadata, Kind, kind_of, kind_of_value
from orchestrator.sdk.timing import pace
from orchestrator.sdk.timing.pace import growing_intervals

_RUN = "prefect.flow-run."  # how a sender that is a run is named, as in events
_READ_AT_ONCE = 20  # inputs that are read ahead; they stay on the server, so that none is lost with this process


@both_ways
def send_input(run_input: Any, flow_run_id: Any, sender: str | None = None, key_prefix: str | None = None) -> None:
    """Send a value to a flow run, which gets it from `receive_input` of the value's type.

    The value is a RunInput, a pydantic model, or anything that JSON can say. `sender` None names the current run.
    Raises MissingContext without a server, ApiError with status 404 when there is no such run.
    """
    kind = kind_of_value(run_input)
    run = current_flow_run.get()
    if sender is None and run is not None:
        sender = f"{_RUN}{run.id}"
    key = f"{key_prefix or kind.prefix}-{uuid4()}"
    give_input(needed_client("send_input()"), str(flow_run_id), key=key, value=kind.write(run_input), sender=sender)


asend_input = send_input.aio


def receive_input(
    input_type: Any,
    timeout: float | None = 3600,
    poll_interval: float = 10,
    raise_timeout_error: bool = False,
    exclude_keys: Iterable[str] | None = None,
    key_prefix: str | None = None,
    flow_run_id: Any = None,
    with_metadata: bool = False,
) -> Received:
    """What is sent to a run, in the order of arrival: `for value in receive_input(int): …`, or `async for`.

    It goes on until nothing has come for `timeout` seconds (None: for ever); then the loop ends, or WaitTimeout is
    raised with `raise_timeout_error`. New inputs are looked for at least every `poll_interval` seconds.
    `exclude_keys` are passed over; `key_prefix` is that of `send_input`, None takes the type's. `flow_run_id` None is
    the current run. A RunInput has its `metadata` (key, sender, receiver) and can `respond`; other values have both
    with `with_metadata`, which gives each as an object with `value`. Up to 20 are read ahead, so that one that is
    deleted meanwhile may still come.

    Raises MissingContext outside of a run and without a server, InputRefused for an input that is not of the type.
    """
    run = current_flow_run.get()
    if flow_run_id is None and run is None:
        raise MissingContext("receive_input() was called outside of a flow run; give flow_run_id")
    kind = kind_of(input_type)
    return Received(
        kind,
        client=needed_client("receive_input()"),
        flow_run_id=str(flow_run_id) if flow_run_id is not None or run is None else run.id,
        prefix=key_prefix or kind.prefix,
        timeout=timeout,
        poll_interval=poll_interval,
        raise_timeout_error=raise_timeout_error,
        seen=set(exclude_keys or ()),
        with_metadata=with_metadata,
    )


@dataclass(frozen=True, slots=True)
class ReceivedValue:
    """A value that is no RunInput, and where it came from."""

    value: Any
    metadata: InputMetadata

    def respond(self, run_input: Any, sender: str | None = None, key_prefix: str | None = None) -> Any:
        """Send something to the run that sent this; in async code an awaitable. Raises InputRefused when no run did."""
        return send_input(run_input, sender_of(self.metadata), sender=sender, key_prefix=key_prefix)


class Received:
    """The inputs of one run, each once. Iterates in sync and in async code."""

    def __init__(
        self,
        kind: Kind,
        *,
        client: Client,
        flow_run_id: str,
        prefix: str,
        timeout: float | None,
        poll_interval: float,
        raise_timeout_error: bool,
        seen: set[str],
        with_metadata: bool,
    ) -> None:
        self._kind = kind
        self._client = client
        self._flow_run_id = flow_run_id
        self._prefix = prefix
        self._timeout = timeout
        self._poll_interval = poll_interval
        self._raise_timeout_error = raise_timeout_error
        self._seen = seen
        self._read_ahead: deque[dict[str, Any]] = deque()  # the oldest first; none of them was given yet
        self._lock = threading.Lock()
        self._with_metadata = with_metadata

    def next(self) -> Any:
        """The next input; in the code of an `async def` an awaitable. Raises WaitTimeout when none came in time."""
        if caller_awaits(sys._getframe(1), by_run=False):
            return self.anext()
        while True:
            row = self._found()
            if self._takes(row):
                return self._opened(row)

    async def anext(self) -> Any:
        """Like `next`, for async code. Cancelled, it leaves the input to whoever asks next."""
        while True:
            row = await in_thread(self._found)
            if self._takes(row):  # else another asyncio task got it meanwhile
                return self._opened(row)

    def _found(self) -> dict[str, Any]:
        """The next input, which nobody has taken yet."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        for seconds in growing_intervals(self._poll_interval):
            row = self._oldest()
            if row is not None:
                return row
            left = seconds if deadline is None else deadline - time.monotonic()
            if left <= 0:
                break
            pace.pause(min(seconds, left))
        raise WaitTimeout(f"No input came within {self._timeout:g} seconds.")

    def _oldest(self) -> dict[str, Any] | None:
        with self._lock:
            if self._read_ahead:
                return self._read_ahead[0]
            seen = set(self._seen)
        found = find_inputs(
            self._client, self._flow_run_id, prefix=self._prefix, exclude_keys=seen, limit=_READ_AT_ONCE
        )
        with self._lock:
            if not self._read_ahead:  # else another thread was quicker
                self._read_ahead.extend(row for row in found if row["key"] not in self._seen)
            return self._read_ahead[0] if self._read_ahead else None

    def _takes(self, row: dict[str, Any]) -> bool:
        """Whether it is the caller's from now on; False when another thread took it."""
        with self._lock:
            if row["key"] in self._seen:
                return False
            self._seen.add(row["key"])
            self._read_ahead.popleft()  # it is the first, until somebody has seen it
            return True

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return self.next()
        except WaitTimeout:
            if self._raise_timeout_error:
                raise
            raise StopIteration from None

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.anext()
        except WaitTimeout:
            if self._raise_timeout_error:
                raise
            raise StopAsyncIteration from None

    def _opened(self, row: dict[str, Any]) -> Any:
        metadata = InputMetadata(row["key"], self._flow_run_id, row.get("sender"))
        try:
            values = json.loads(row["value"])
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise InputRefused(f"Input {row['key']!r} is no JSON object: {row['value'][:80]!r}")
        value = self._kind.read(values, metadata)
        tells_itself = hasattr(value, "with_initial_data")
        return ReceivedValue(value, metadata) if self._with_metadata and not tells_itself else value


def sender_of(metadata: InputMetadata) -> str:
    """The id of the run that sent an input. Raises InputRefused when no run did."""
    if not metadata.sender or not metadata.sender.startswith(_RUN):
        raise InputRefused(f"Input {metadata.key!r} was not sent by a flow run, so there is nobody to respond to")
    return metadata.sender.removeprefix(_RUN)
