"""One run of a flow in this process: what it is, what it knows, what belongs to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.contract.times import now
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.context import current_flow_run, current_tags, current_task_run
from orchestrator.sdk.dependencies.inputs import Origins, edges, listed
from orchestrator.sdk.engine.authority import (
    Authority,
    KnownFlowRun,
    LocalAuthority,
    NewFlowRun,
    NewTrackingRun,
    ServerAuthority,
)
from orchestrator.sdk.engine.pools import Pool
from orchestrator.sdk.engine.stopping import Stoppable
from orchestrator.sdk.flows.finished_tasks import FinishedTasks
from orchestrator.sdk.options.hooks import call_flow_hooks
from orchestrator.sdk.options.run_names import fill_run_name
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.recording.logs import RunLogger, flow_run_logger
from orchestrator.sdk.recording.printing import prints_to
from orchestrator.sdk.results.keeping import flow_persists, tasks_persist
from orchestrator.sdk.runners.opening import open_pool
from orchestrator.sdk.values.json_values import to_json

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.sdk.assets.asset import Asset
    from orchestrator.sdk.flows.flow import Flow
    from orchestrator.sdk.tasks.task_run import TaskRun


class FlowRun:
    """One run of a flow in this process."""

    def __init__(
        self,
        flow: Flow[Any, Any],
        parameters: dict[str, Any],
        *,
        client: Client | None,
        wait_for: Any = None,
        known: KnownFlowRun | None = None,
        claim_id: str | None = None,
    ) -> None:
        self.flow = flow
        self.parameters = parameters
        self.client = client
        self.wait_for = listed(wait_for)
        self.parent: FlowRun | None = current_flow_run.get() if known is None else None
        self.tags = tuple(sorted(current_tags.get() | flow.tags))
        self.origins = Origins()
        self.assets_of_runs: dict[str, tuple[Asset, ...]] = {}  # by task run: what others make of its result
        self.run_count = 0
        self.state: State | None = None  # the last that was accepted; None before
        self.start_time: datetime | None = None
        self.expected_start_time: datetime = now()
        self.ended = False
        self.abandoned = False  # its threads may still execute, and are to get nowhere
        self.live_task_runs: set[TaskRun] = set()
        self.finished_tasks = FinishedTasks()
        self.persists_results = flow_persists(flow)
        self.persists_tasks = tasks_persist(self.persists_results)
        self.authority: Authority = LocalAuthority()
        if client is not None:
            self.authority = ServerAuthority(client, claim_id=claim_id)
        self.stoppable = Stoppable()
        self.id = ""
        self.name = ""
        self.flow_id: str | None = None
        self.deployment_id: str | None = None
        self.tracking_id: str | None = None
        self.logger: RunLogger
        self._pool: Pool | None = None
        self._counters: dict[str, int] = {}
        self._lock = threading.Lock()
        self._claimed = known is not None
        self._held_by_worker = claim_id is not None
        if known is not None:
            self._become(known)

    @property
    def stands_alone(self) -> bool:
        """A script runs it: no worker and no enclosing run cares when the process is told to end."""
        return self.parent is None and not self._claimed

    @property
    def shows_life(self) -> bool:
        """Nobody else would find out that its process died: neither a worker nor an enclosing run looks after it."""
        return self.parent is None and not self._held_by_worker

    def entered(self, state: State) -> None:
        """The authority has taken this state."""
        self.state = state
        if state.is_running() and self.start_time is None:
            self.start_time = state.timestamp

    @property
    def flow_version(self) -> str | None:
        """That of the flow."""
        return self.flow.version

    @property
    def parent_task_run_id(self) -> str | None:
        """Of a subflow, the task run that stands for it in its parent."""
        return self.tracking_id

    @property
    def pool(self) -> Pool:
        """The threads for submitted tasks; opened when the first is submitted."""
        with self._lock:
            if self._pool is None:
                self._pool = open_pool(self.flow.task_runner)
            return self._pool

    @property
    def pool_if_open(self) -> Pool | None:
        return self._pool

    def create(self, parameters: dict[str, Any]) -> None:
        """Make the run known to the authority. Does nothing for a run that exists already."""
        if self._claimed:
            return
        tracking = None
        if self.parent is not None and self.client is not None:
            number = self.parent.next_number(self.flow.task_key)
            tracking = NewTrackingRun(
                parent_flow_run_id=self.parent.id,
                task_key=self.flow.task_key,
                dynamic_key=str(number),
                name=f"{self.flow.name}-{number}",
                task_inputs=edges(self.parameters, wait_for=self.wait_for, origins=self.parent.origins),
            )
        new = NewFlowRun(
            flow_name=self.flow.name,
            name=self.name_of_its_own(parameters),
            parameters=to_json(parameters),
            tags=self.tags,
            flow_version=self.flow.version,
            retries=self.flow.retries,
            retry_delay=self.flow.retry_delay,
            tracking=tracking,
        )
        self._become(self.authority.create(new))

    def name_of_its_own(self, parameters: dict[str, Any]) -> str | None:
        """What the flow calls the run; None when it leaves that to the server. A function that makes the name can ask
        for the run's parameters and its flow's name, as `runtime` tells them."""
        template = self.flow.flow_run_name
        if not callable(template):
            return fill_run_name(template, parameters)
        self.parameters = parameters
        token = current_flow_run.set(self)
        try:
            return fill_run_name(template, parameters)
        finally:
            current_flow_run.reset(token)

    def next_number(self, key: str) -> int:
        """Counts the uses of a subflow within one attempt; a repeated attempt gets the same numbers again."""
        with self._lock:
            number = self._counters.get(key, -1) + 1
            self._counters[key] = number
            return number

    def begin_attempt(self) -> None:
        with self._lock:
            self._counters.clear()
            self.finished_tasks.begin_attempt()
            self._pool = None
            self.run_count += 1
            self.ended = self.abandoned = False

    def call(self, name: str) -> None:
        """Give the run its name, also in what it logs from now on."""
        self.name = name
        delivery = self.client.delivery if self.client is not None else None
        self.logger = flow_run_logger(flow_run_id=self.id, name=name, delivery=delivery)

    def call_hooks(self, state: State, *, seen: dict[str, Any] | None = None) -> None:
        """Call those that the flow has for this state, inside the run: they can log, and call tasks unless the run was
        ended from outside. `seen` are the attributes of the run that they see; None takes what is known here."""
        ended, self.ended = self.ended, self.abandoned
        try:
            with self.inside(), self._fresh_pool():
                call_flow_hooks(self.flow, seen or self._seen_by_hooks(state), state, logger=self.logger)
        finally:
            self.ended = ended

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What executes inside belongs to the run: its tasks, its log, its tags."""
        flow_token = current_flow_run.set(self)
        task_token = current_task_run.set(None)
        tags_token = current_tags.set(current_tags.get() | self.flow.tags)
        try:
            with prints_to(self.logger if self.flow.log_prints else None):
                yield
        finally:
            current_tags.reset(tags_token)
            current_task_run.reset(task_token)
            current_flow_run.reset(flow_token)

    def _seen_by_hooks(self, state: State) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "parameters": self.parameters,
            "tags": list(self.tags),
            "flow_id": self.flow_id,
            "deployment_id": self.deployment_id,
            "run_count": self.run_count,
            "flow_version": self.flow.version,
            "parent_task_run_id": self.tracking_id,
            "expected_start_time": self.expected_start_time,
            "start_time": self.start_time,
            "end_time": state.timestamp if state.is_terminal else None,
        }

    @contextmanager
    def _fresh_pool(self) -> Iterator[None]:
        """What hooks submit is not dropped with what the flow had submitted, and is waited for."""
        if self.abandoned:
            yield
            return
        with self._lock:
            before, self._pool = self._pool, None
        try:
            yield
            if self._pool is not None:
                self._pool.join()
        finally:
            self._pool = before

    def _become(self, known: KnownFlowRun) -> None:
        self.id = known.id
        self.flow_id = known.flow_id
        self.deployment_id = known.deployment_id
        self.tracking_id = known.parent_task_run_id
        self.run_count = known.run_count
        self.expected_start_time = known.expected_start_time or self.expected_start_time
        self.call(known.name)
