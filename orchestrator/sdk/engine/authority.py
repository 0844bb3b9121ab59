"""Who decides about flow runs: the server, or, when there is none, a few rules of the same meaning in this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from orchestrator.contract.ids import uuid7
from orchestrator.contract.names import generate_name
from orchestrator.contract.states import StateType, Status
from orchestrator.contract.times import format_time, now, parse_time
from orchestrator.sdk.api.client import Client
from orchestrator.sdk.api.transport import CLAIM_HEADER
from orchestrator.sdk.configuration import settings
from orchestrator.sdk.errors import ApiError, ServerUnreachable
from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import AwaitingRetry, Pending, State
from orchestrator.sdk.recording.journal_lines import End
from orchestrator.sdk.timing import pace
from orchestrator.sdk.timing.retries import delay_seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a proposal. `state` is the one that holds now, None when the answer does not say."""

    status: Status
    state: State | None = None
    delay_seconds: float = 0.0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewFlowRun:
    """What is known about a flow run before it exists. `parameters` are JSON values or can be made into them."""

    flow_name: str
    name: str | None
    parameters: dict[str, Any]
    tags: tuple[str, ...]
    flow_version: str | None
    retries: int
    retry_delay: float
    tracking: NewTrackingRun | None = None  # for a subflow


@dataclass(frozen=True, slots=True)
class NewTrackingRun:
    """The task run that stands for a subflow in its parent."""

    parent_flow_run_id: str
    task_key: str
    dynamic_key: str
    name: str
    task_inputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownFlowRun:
    """What is known about a flow run once it exists."""

    id: str
    name: str
    state: State
    flow_id: str | None = None
    parent_task_run_id: str | None = None
    deployment_id: str | None = None
    run_count: int = 0
    expected_start_time: datetime | None = None  # None: now


class Authority(Protocol):
    def create(self, new: NewFlowRun) -> KnownFlowRun: ...

    def propose(
        self, flow_run_id: str, state: State, *, force: bool = False, patience_seconds: float | None = None
    ) -> Verdict:
        """`patience_seconds` is how long to ask a server that does not answer; None is as long as the setting says."""
        ...

    def clear_the_way(self, flow_run_id: str, final: State) -> None:
        """Let everything arrive that was said before this end, which is going to be proposed next."""
        ...


class ServerAuthority:
    """The rules of the server, over its API."""

    def __init__(self, client: Client, *, claim_id: str | None = None) -> None:
        self._client = client
        self._claim_id = claim_id
        self._headers = {CLAIM_HEADER: claim_id} if claim_id else {}
        self._seen_state_id: str | None = None  # the last state that the server accepted
        self._announced: tuple[State, str] | None = None  # an end, and the transition id it is going to have

    def create(self, new: NewFlowRun) -> KnownFlowRun:
        """Raises ServerUnreachable when the server does not answer within the setting's time."""
        ask = self._client.ask
        flow = ask("POST", "/flows/", {"name": new.flow_name})
        parent_task_run_id, earlier = None, None
        if new.tracking is not None:
            parent_task_run_id, earlier = self.track(new.tracking)
        if earlier is None:
            earlier = ask(
                "POST",
                "/flow_runs/",
                {
                    "flow_id": flow["id"],
                    "name": new.name,
                    "parameters": new.parameters,
                    "tags": list(new.tags),
                    "flow_version": new.flow_version,
                    "state": as_proposed(Pending()),
                    "empirical_policy": {"retries": new.retries, "retry_delay": new.retry_delay},
                    "parent_task_run_id": parent_task_run_id,
                    # An answer may get lost: asked again, the server finds the run instead of making a twin.
                    "idempotency_key": str(uuid7()),
                },
            )
        return known_flow_run(earlier)

    def propose(
        self, flow_run_id: str, state: State, *, force: bool = False, patience_seconds: float | None = None
    ) -> Verdict:
        # One id for one proposal, however often it is sent: the server answers a repeated one with what it stored.
        proposed = state.with_details(flow_run_id=flow_run_id, transition_id=self._transition_id(state))
        body = {"state": as_proposed(proposed), "force": force}
        end = self._end(flow_run_id, proposed, force=force) if state.is_terminal else None
        patience = settings.drain_seconds() if patience_seconds is None else patience_seconds
        journal = self._client.delivery.journal
        try:
            answer = self._client.ask(
                "POST",
                f"/flow_runs/{flow_run_id}/set_state",
                body,
                patience_seconds=patience,
                headers=self._headers,
                wait=None if end is None else lambda seconds: self._keep_and_wait(end, seconds),
            )
        except ServerUnreachable as error:
            if end is not None and journal.keep(end):
                self._client.delivery.leave_end(end.id)
                raise ServerUnreachable(f"{error}. It is kept in {journal.file}, and told when it can be") from None
            raise
        except ApiError as error:
            if end is not None:
                journal.settle(end.id)
            if error.status != 404:
                raise
            return Verdict(Status.ABORT, reason="the server does not know the run any more")
        if end is not None:
            journal.settle(end.id)
        state = proposed
        held = State.from_wire(answer["state"]) if answer.get("state") else None
        status = Status(answer["status"])
        details = answer.get("details") or {}
        if status is Status.REJECT and held is not None and held.type is state.type:
            # With our own transition id on it, the first sending was accepted and only its answer was lost.
            status = Status.ACCEPT if held.transition_id == state.transition_id else status
        if status is Status.ACCEPT and held is not None:
            self._seen_state_id = str(held.id)
        return Verdict(status, held, float(details.get("delay_seconds") or 0), details.get("reason"))

    def clear_the_way(self, flow_run_id: str, final: State) -> None:
        """While the server is away, the end is on disk before anybody waits: the process may be killed meanwhile."""
        transition_id = str(uuid7())
        self._announced = (final, transition_id)
        proposed = final.with_details(flow_run_id=flow_run_id, transition_id=transition_id)
        end = self._end(flow_run_id, proposed, force=final.type is StateType.CANCELLED)
        delivery = self._client.delivery
        delivery.flush(when_away=lambda: _ignore(delivery.journal.keep(end)))

    def _transition_id(self, state: State) -> str:
        announced, self._announced = self._announced, None
        return announced[1] if announced is not None and announced[0] is state else str(uuid7())

    def _end(self, flow_run_id: str, proposed: State, *, force: bool) -> End:
        return End(
            id=str(proposed.transition_id),
            flow_run_id=flow_run_id,
            state=as_proposed(proposed),
            force=force,
            at=format_time(proposed.timestamp),
            seen_state_id=self._seen_state_id,
            claim_id=self._claim_id,
        )

    def _keep_and_wait(self, end: End, seconds: float) -> None:
        self._client.delivery.journal.keep(end)
        pace.pause(seconds)

    def track(self, tracking: NewTrackingRun) -> tuple[str, dict[str, Any] | None]:
        """The tracking task run's id, and the child that an earlier attempt of the parent made for it, if any."""
        response = self._client.send(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": tracking.parent_flow_run_id,
                "task_key": tracking.task_key,
                "dynamic_key": tracking.dynamic_key,
                "name": tracking.name,
                "task_inputs": tracking.task_inputs,
                "state": as_proposed(Pending()),
            },
        )
        task_run_id = str(response.json()["id"])
        if response.status == 201:
            return task_run_id, None
        children = self._client.ask(
            "POST",
            "/flow_runs/filter",
            {
                "flow_runs": {"parent_task_run_id": {"any_": [task_run_id]}},
                "sort": "EXPECTED_START_TIME_DESC",
                "limit": 1,
            },
        )
        return task_run_id, children[0] if children else None


class LocalAuthority:
    """No server: the same answers for the one run of this process, and nothing is recorded."""

    def __init__(self) -> None:
        self._new: NewFlowRun | None = None
        self._run_count = 0
        self._begin_at = now()

    def create(self, new: NewFlowRun) -> KnownFlowRun:
        self._new = new
        return KnownFlowRun(id=str(uuid7()), name=new.name or generate_name(), state=Pending())

    def clear_the_way(self, flow_run_id: str, final: State) -> None:
        """Nothing was said to anybody."""

    def propose(
        self, flow_run_id: str, state: State, *, force: bool = False, patience_seconds: float | None = None
    ) -> Verdict:
        state = state.with_details(flow_run_id=flow_run_id)
        if state.type is StateType.RUNNING:
            left = (self._begin_at - now()).total_seconds()
            if left > 0:
                return Verdict(Status.WAIT, None, left)
            self._run_count += 1
        elif state.type is StateType.FAILED and self._new is not None and 0 < self._run_count <= self._new.retries:
            seconds = delay_seconds(self._new.retry_delay, failures=self._run_count)
            self._begin_at = now() + timedelta(seconds=seconds)
            return Verdict(Status.REJECT, AwaitingRetry(scheduled_time=self._begin_at, message=state.message))
        return Verdict(Status.ACCEPT, state)


def known_flow_run(wire: dict[str, Any]) -> KnownFlowRun:
    """A flow run as the API writes it."""
    state = wire.get("state")
    return KnownFlowRun(
        id=str(wire["id"]),
        name=wire["name"],
        state=State.from_wire(state) if state else Pending(),
        flow_id=_text(wire.get("flow_id")),
        parent_task_run_id=_text(wire.get("parent_task_run_id")),
        deployment_id=_text(wire.get("deployment_id")),
        run_count=int(wire.get("run_count") or 0),
        expected_start_time=parse_time(wire["expected_start_time"]) if wire.get("expected_start_time") else None,
    )


def adopt(mine: State, theirs: State | None) -> State:
    """My state with the identity that the server gave it, keeping the result that only I know."""
    if theirs is None:
        return mine
    return mine.with_(id=theirs.id, timestamp=theirs.timestamp, details={**mine.details, **theirs.details})


def retry_moment(state: State) -> Any:
    """When an AwaitingRetry state lets the run begin again; an aware time."""
    text = state.details.get("scheduled_time")
    return parse_time(text) if text else now()


def _ignore(_: object) -> None:
    """For callbacks that answer nothing."""


def _text(value: str | UUID | None) -> str | None:
    return str(value) if value is not None else None
