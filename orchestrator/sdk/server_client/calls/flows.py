"""Flows and task runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orchestrator.sdk.outcomes.proposed import as_proposed
from orchestrator.sdk.outcomes.states import State
from orchestrator.sdk.server_client.calls.core import Calls, Given, Id, ident, part, search
from orchestrator.sdk.server_client.records import Flow, OrchestrationResult, TaskRun, state_of


class FlowCalls(Calls):
    """What can be asked about flows and task runs."""

    def create_flow(self, flow: Any) -> UUID:
        """The id under which the server knows a flow of this process; it is made if there is none of that name."""
        return self.create_flow_from_name(flow.name)

    def create_flow_from_name(self, flow_name: str) -> UUID:
        """The id of the flow of this name; it is made if there is none."""
        return self._made("/flows/", {"name": flow_name})

    def read_flow(self, flow_id: Id) -> Flow:
        """The flow. Raises ObjectNotFound."""
        return self._one(Flow, "GET", f"/flows/{ident(flow_id)}")

    def read_flow_by_name(self, flow_name: str) -> Flow:
        """The flow. Raises ObjectNotFound."""
        return self._one(Flow, "GET", f"/flows/name/{part(flow_name)}")

    def read_flows(
        self,
        *,
        flow_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        deployment_filter: Given | None = None,
        work_pool_filter: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Flow]:
        """The flows that all the filters mean."""
        body = search(
            flow_filter=flow_filter,
            flow_run_filter=flow_run_filter,
            task_run_filter=task_run_filter,
            deployment_filter=deployment_filter,
            work_pool_filter=work_pool_filter,
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(Flow, "POST", "/flows/filter", body)

    def delete_flow(self, flow_id: Id) -> None:
        """Delete the flow with its runs and deployments. Raises ObjectNotFound."""
        self._done("DELETE", f"/flows/{ident(flow_id)}")

    def read_task_run(self, task_run_id: Id) -> TaskRun:
        """The task run. Raises ObjectNotFound, also when the server has not recorded it yet."""
        return self._one(TaskRun, "GET", f"/task_runs/{ident(task_run_id)}")

    def read_task_runs(
        self,
        *,
        flow_filter: Given | None = None,
        flow_run_filter: Given | None = None,
        task_run_filter: Given | None = None,
        deployment_filter: Given | None = None,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[TaskRun]:
        """The task runs that all the filters mean."""
        body = search(
            flow_filter=flow_filter,
            flow_run_filter=flow_run_filter,
            task_run_filter=task_run_filter,
            deployment_filter=deployment_filter,
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return self._many(TaskRun, "POST", "/task_runs/filter", body)

    def read_task_run_states(self, task_run_id: Id) -> list[State]:
        """All states that the task run has been in."""
        return [state_of(each) for each in self._ask("GET", f"/task_run_states/?task_run_id={ident(task_run_id)}")]

    def set_task_run_state(self, task_run_id: Id, state: State, force: bool = False) -> OrchestrationResult:
        """Propose a state. Whether it was taken is in the answer's `status`; `force` passes the rules by."""
        body = {"state": as_proposed(state), "force": force}
        return self._one(OrchestrationResult, "POST", f"/task_runs/{ident(task_run_id)}/set_state", body)

    def set_task_run_name(self, task_run_id: Id, name: str) -> None:
        """Give the task run another name."""
        self._done("PATCH", f"/task_runs/{ident(task_run_id)}", {"name": name})

    def delete_task_run(self, task_run_id: Id) -> None:
        """Delete the task run. Raises ObjectNotFound."""
        self._done("DELETE", f"/task_runs/{ident(task_run_id)}")
