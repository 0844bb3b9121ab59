"""Runs of flows, their states, and what they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.contract.ids import uuid7
from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, said, search
from orchestrator.sdk.server_client.records import FlowRun, OrchestrationResult, state_of

if TYPE_CHECKING:
    from orchestrator.sdk.run_input.stored import FlowRunInput


class FlowRunCalls(Calls):
    """What can be asked about flow runs."""

    def create_flow_run(
        self,
        flow: Any,
        name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        parent_task_run_id: Id | None = None,
        state: State | None = None,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: Mapping[str, Any] | None = None,
    ) -> FlowRun:
        """A run of a flow of this process, not executed by anybody: call the flow, or run a deployment, for that.

        `state` is its first one; None is Pending.
        """
        flow_id = self._ask("POST", "/flows/", {"name": flow.name})["id"]
        body = {
            "flow_id": flow_id,
            "flow_version": getattr(flow, "version", None),
            "parameters": dict(parameters or {}),
            "context": dict(context or {}),
            "tags": list(tags or ()),
            "state": as_proposed(state) if state is not None else {"type": "PENDING", "name": "Pending"},
            "idempotency_key": str(uuid7()),  # an answer may get lost: asked again, the server finds the run
        }
        beside = said(
            name=name,
            parent_task_run_id=str(parent_task_run_id) if parent_task_run_id else None,
            work_pool_name=work_pool_name,
            work_queue_name=work_queue_name,
            job_variables=job_variables,
        )
        return self._one(FlowRun, "POST", "/flow_runs/", body | beside)

    def create_flow_run_from_deployment(
        self,
        deployment_id: Id,
        *,
        parameters: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        state: State | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        parent_task_run_id: Id | None = None,
        work_queue_name: str | None = None,
        job_variables: Mapping[str, Any] | None = None,
        labels: Mapping[str, Any] | None = None,
    ) -> FlowRun:
        """Have a deployment run, now or when the `state`, such as `Scheduled(scheduled_time=…)`, says.

        A second call with the same `idempotency_key` gives the run of the first.
        """
        body = said(
            parameters=dict(parameters or {}),
            context=context,
            state=as_proposed(state) if state is not None else None,
            name=name,
            tags=list(tags or ()),
            idempotency_key=idempotency_key or str(uuid7()),  # so that a lost answer makes no second run
            parent_task_run_id=str(parent_task_run_id) if parent_task_run_id else None,
            work_queue_name=work_queue_name,
            job_variables=job_variables,
            labels=labels,
        )
        return self._one(FlowRun, "POST", f"/deployments/{ident(deployment_id)}/create_flow_run", body)

    def read_flow_run(self, flow_run_id: Id) -> FlowRun:
        """The run. Raises ObjectNotFound."""
        return self._one(FlowRun, "GET", f"/flow_runs/{ident(flow_run_id)}")

    def read_flow_runs(
        self,
        *,
        flow_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        deployment_filter: Given | None = None,
        work_pool_filter: Given | None = None,
        work_queue_filter: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[FlowRun]:
        """The runs that all the filters mean, at most `limit`; without one, as many as the server gives at once."""
        body = search(
            flow_filter=flow_filter,
            flow_run_filter=flow_run_filter,
            task_run_filter=task_run_filter,
            deployment_filter=deployment_filter,
            work_pool_filter=work_pool_filter,
            work_queue_filter=work_queue_filter,
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(FlowRun, "POST", "/flow_runs/filter", body)

    def count_flow_runs(
        self,
        *,
        flow_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        deployment_filter: Given | None = None,
        work_pool_filter: Given | None = None,
        work_queue_filter: Given | None = None,
    ) -> int:
        """How many runs the filters mean."""
        body = search(
            flow_filter=flow_filter,
            flow_run_filter=flow_run_filter,
            task_run_filter=task_run_filter,
            deployment_filter=deployment_filter,
            work_pool_filter=work_pool_filter,
            work_queue_filter=work_queue_filter,
        )
        return int(self._ask("POST", "/flow_runs/count", body))

    def read_flow_run_states(self, flow_run_id: Id) -> list[State]:
        """All states that the run has been in."""
        return [state_of(each) for each in self._ask("GET", f"/flow_run_states/?flow_run_id={ident(flow_run_id)}")]

    def read_flow_run_state(self, flow_run_state_id: Id) -> State:
        """One state by its id."""
        return state_of(self._ask("GET", f"/flow_run_states/{ident(flow_run_state_id)}"))

    def set_flow_run_state(self, flow_run_id: Id, state: State, force: bool = False) -> OrchestrationResult:
        """Propose a state. Whether it was taken is in the answer's `status`; `force` passes the rules by."""
        body = {"state": as_proposed(state), "force": force}
        return self._one(OrchestrationResult, "POST", f"/flow_runs/{ident(flow_run_id)}/set_state", body)

    def resume_flow_run(self, flow_run_id: Id, run_input: Mapping[str, Any] | None = None) -> OrchestrationResult:
        """Let a paused run go on, with what it waits for."""
        body = said(run_input=run_input)
        return self._one(OrchestrationResult, "POST", f"/flow_runs/{ident(flow_run_id)}/resume", body)

    def set_flow_run_name(self, flow_run_id: Id, name: str) -> None:
        """Give the run another name."""
        self._done("PATCH", f"/flow_runs/{ident(flow_run_id)}", {"name": name})

    def update_flow_run(
        self,
        flow_run_id: Id,
        flow_version: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        empirical_policy: Mapping[str, Any] | None = None,
        infrastructure_pid: str | None = None,
        job_variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is given; None leaves it as it is."""
        body = said(
            flow_version=flow_version,
            parameters=parameters,
            name=name,
            tags=list(tags) if tags is not None else None,
            empirical_policy=empirical_policy,
            infrastructure_pid=infrastructure_pid,
            job_variables=job_variables,
        )
        self._done("PATCH", f"/flow_runs/{ident(flow_run_id)}", body)

    def update_flow_run_labels(self, flow_run_id: Id, labels: Mapping[str, Any]) -> None:
        """Add labels to the run, and give those that it has new values."""
        self._done("PATCH", f"/flow_runs/{ident(flow_run_id)}/labels", dict(labels))

    def delete_flow_run(self, flow_run_id: Id) -> None:
        """Delete the run with its states, logs and task runs. Raises ObjectNotFound."""
        self._done("DELETE", f"/flow_runs/{ident(flow_run_id)}")

    def create_flow_run_input(self, flow_run_id: Id, key: str, value: str, sender: str | None = None) -> None:
        """Tell the run something; `value` is JSON as a text."""
        body = {"key": key, "value": value, "sender": sender}
        self._done("POST", f"/flow_runs/{ident(flow_run_id)}/input", body)

    def filter_flow_run_input(
        self, flow_run_id: Id, key_prefix: str, limit: int = 1, exclude_keys: Iterable[str] = ()
    ) -> list[FlowRunInput]:
        """What the run was told under keys that begin so."""
        from orchestrator.sdk.run_input.stored import FlowRunInput

        body = {"prefix": key_prefix, "limit": limit, "exclude_keys": list(exclude_keys)}
        found = self._ask("POST", f"/flow_runs/{ident(flow_run_id)}/input/filter", body)
        return [FlowRunInput(str(flow_run_id), row["key"], row["value"], row.get("sender")) for row in found]

    def read_flow_run_input(self, flow_run_id: Id, key: str) -> str:
        """What the run was told under a key: JSON as a text. Raises ObjectNotFound."""
        response = self._client.send("GET", f"/flow_runs/{ident(flow_run_id)}/input/{part(key)}")
        return response.body.decode()

    def delete_flow_run_input(self, flow_run_id: Id, key: str) -> None:
        """Take back what the run was told under a key."""
        self._done("DELETE", f"/flow_runs/{ident(flow_run_id)}/input/{part(key)}")
