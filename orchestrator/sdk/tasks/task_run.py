"""One run of a task. What becomes of it is decided here, in the author's process; the server is told afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import StateType
from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.dependencies.inputs import edges, find_futures, listed, resolve, states_in
from orchestrator.sdk.engine.conversation import Conversation
from orchestrator.sdk.errors import FlowRunEnded
from orchestrator.sdk.options.defaults import default_log_prints
from orchestrator.sdk.outcomes.states import (
    MISSING,
    Cancelled,
    Completed,
    Crashed,
    Pending,
    State,
)
from orchestrator.sdk.recording.logs import RunLogger, task_run_logger
from orchestrator.sdk.recording.printing import prints_to
from orchestrator.sdk.recording.task_events import StateChange

if TYPE_CHECKING:
    from orchestrator.sdk.api.client import Client
    from orchestrator.sdk.assets.asset import Asset
    from orchestrator.sdk.flows.flow_run import FlowRun
    from orchestrator.sdk.tasks.task import Task
    from orchestrator.sdk.transactional.transactions import Transaction

_ONE_MICROSECOND = timedelta(microseconds=1)


class TaskRun:
    """One run of a task. Made, it is Pending."""

    transaction: Transaction | None = None  # what is done inside belongs to it; made when somebody asks for it
    gives_items: bool = False  # of a generator: whoever called it gets the items one at a time
    has_given: bool = False  # the first of them
    upstream_assets: tuple[Asset, ...] = ()  # that it is made from
    asset_metadata: Mapping[str, dict[str, Any]] = MappingProxyType({})  # by key, of those that its task makes
    has_submitted: bool = False  # tasks of its own: what it returns may hold their futures

    def __init__(self, task: Task[Any, Any], parameters: dict[str, Any], *, wait_for: Any = None) -> None:
        flow_run: FlowRun | None = current_flow_run.get()
        if flow_run is not None and flow_run.ended:
            raise FlowRunEnded(f"Task {task.name!r} was called, but its flow run {flow_run.name!r} is over.")
        self.task = task
        self.flow_run = flow_run
        self.parameters = parameters
        self.id = str(uuid7())
        self.dynamic_key = self.id
        self.name: str = f"{task.name}-{self.id[-3:]}"
        inherited = current_tags.get()
        self.tags: tuple[str, ...] = tuple(sorted(inherited | task.tags)) if inherited or task.tags else ()
        self.wait_for: list[Any] = listed(wait_for)
        origins = flow_run.origins if flow_run is not None else None
        self.task_inputs = edges(parameters, wait_for=self.wait_for, origins=origins)
        self.run_count: int = 0
        self.flow_run_run_count = flow_run.run_count if flow_run is not None else 0
        self.start_time: datetime | None = None
        self.end_time: datetime | None = None
        self.total_run_time_seconds: float = 0.0
        self._client: Client | None = flow_run.client if flow_run is not None else _client_outside_of_flows()
        self._logger: RunLogger | None = None
        self.state: State = Pending()
        self.expected_start_time = self.state.timestamp
        self._tell(before=None)
        if flow_run is not None:
            flow_run.live_task_runs.add(self)

    @property
    def logger(self) -> RunLogger:
        if self._logger is None:
            self._logger = task_run_logger(
                flow_run_id=self.flow_run.id if self.flow_run is not None else None,
                task_run_id=self.id,
                name=self.name,
                delivery=self._client.delivery if self._client is not None else None,
            )
        return self._logger

    @property
    def flow_run_id(self) -> str | None:
        return self.flow_run.id if self.flow_run is not None else None

    @property
    def task_key(self) -> str:
        return self.task.task_key

    @property
    def state_type(self) -> StateType:
        return self.state.type

    @property
    def state_name(self) -> str:
        return self.state.name

    @property
    def log_prints(self) -> bool:
        if self.task.log_prints is not None:
            return self.task.log_prints
        return self.flow_run.flow.log_prints if self.flow_run is not None else default_log_prints()

    def enter(self, state: State) -> State:
        """Move to the next state and tell the server about it. A run that has ended stays as it is."""
        before = self.state
        if before.is_terminal:
            return before
        if state.timestamp <= before.timestamp:
            # Readers order the states of a run by time.
            state = state.with_(timestamp=before.timestamp + _ONE_MICROSECOND)
        if before.type is StateType.RUNNING:
            self.total_run_time_seconds += (state.timestamp - before.timestamp).total_seconds()
        if state.type is StateType.RUNNING:
            self.run_count += 1
            self.start_time = self.start_time or state.timestamp
        elif state.is_terminal:
            self.end_time = state.timestamp
            self.start_time = self.start_time or state.timestamp
        state.details.setdefault("task_run_id", self.id)
        if self.flow_run is not None:
            state.details.setdefault("flow_run_id", self.flow_run.id)
        self.state = state
        self._tell(before=before)
        if state.is_terminal and self.flow_run is not None:
            self.flow_run.live_task_runs.discard(self)
        return state

    def is_to_forget(self, state: State) -> bool:
        """Whether the task wants the result of this state out of memory once it is stored."""
        return not self.task.cache_result_in_memory and state.is_completed() and state.has_persisted_result

    def note_origin(self, state: State) -> None:
        """Passing on what the run returned is going to draw an edge."""
        if self.flow_run is not None and state.is_completed() and state.outcome is not MISSING:
            self.flow_run.origins.remember(state.outcome, self.id)

    def give_up(self, reason: str, *, silently: bool) -> None:
        """End it as crashed although its code may still execute; `silently` keeps that from the server."""
        if silently:
            self._client = None
        self.enter(Crashed(message=reason))

    def enter_rolled_back(self) -> None:
        """It had completed, and what it did was undone since."""
        before = self.state
        if not before.is_completed() or before.name == "RolledBack":
            return
        message = "Rolled back, because the transaction that it was part of failed."
        after = Completed(name="RolledBack", message=message, data=before.outcome)
        if after.timestamp <= before.timestamp:
            after = after.with_(timestamp=before.timestamp + _ONE_MICROSECOND)
        self.state = after.with_(details=before.details)
        self._tell(before=before)

    def upstream(self) -> list[Any]:
        """The futures that must have ended before this run can begin."""
        return find_futures(self.parameters) + find_futures(self.wait_for)

    def state_instead(self) -> State | None:
        """What its task's trigger makes of those that it was submitted behind, which have ended: None lets it begin."""
        trigger, skip = self.task.trigger, self.task.skip_on_upstream_skip
        if trigger is None and not skip:
            return None
        from orchestrator.sdk.options.triggers import state_instead

        states = states_in(self.parameters) + states_in(self.wait_for)
        return state_instead(states, trigger=trigger, skip_on_upstream_skip=skip)

    def resolved_parameters(self) -> dict[str, Any]:
        """The parameters with results in place of futures and states. Raises UpstreamFailed when one has not completed
        that it was submitted behind, unless the task has a trigger: then the exception is given instead."""
        inputs: Any = (self.parameters, self.wait_for)
        parameters: dict[str, Any] = resolve(inputs, allow_failures=self.task.trigger is not None)[0]
        return parameters

    def note_assets(self) -> None:
        """Once what it was submitted behind has ended: which assets it is made from."""
        known = self.flow_run is not None and self.flow_run.assets_of_runs
        if known or self.task.assets or self.task.asset_deps:
            from orchestrator.sdk.assets.lineage import note_upstream

            note_upstream(self)

    @property
    def input_values(self) -> dict[str, Any]:
        """The parameters with results in place of futures and states, once it has begun."""
        values: dict[str, Any] = resolve(self.parameters, allow_failures=True)
        return values

    def cancel_before_begin(self, reason: str) -> State:
        """End a run whose turn never came."""
        return self.enter(Cancelled(message=reason))

    def tag_slots(self) -> Conversation:
        """Wait for slots of limited tags. Returns what to release after the attempt; None when nothing is limited."""
        if self._client is None:
            return None
        from orchestrator.sdk.limits.tag_limits import tag_slots

        return (yield from tag_slots(self, self._client))

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What executes inside belongs to the run: its log, and what it tells of itself."""
        token = current_task_run.set(self)
        try:
            if self.log_prints:
                with prints_to(self.logger):
                    yield
            elif self.task.log_prints is False:
                with prints_to(None):
                    yield
            else:
                yield
        finally:
            current_task_run.reset(token)

    def _tell(self, *, before: State | None) -> None:
        if self._client is not None:
            self._client.delivery.put_event(StateChange(self, before=before, after=self.state))


def _client_outside_of_flows() -> Client | None:
    from orchestrator.sdk.api.client import current_client

    return current_client()
