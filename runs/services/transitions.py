"""The one way to change the state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import Claim, FlowRun, FlowRunState, TaskRun, TaskRunState
from runs.orchestration.bookkeeping import changes_to_run
from runs.orchestration.decide import Decision, decide
from runs.orchestration.policy import rules_for
from runs.orchestration.transition import RunFacts, RunKind, Transition
from runs.services.state_events import emit_flow_run_state


@dataclass(frozen=True, slots=True)
class Answer:
    """How a proposal ended.

    `state` is the written state, or the present one of a run that stayed as it was; None when the proposer has to wait.
    `written` is whether the run has a new state.
    """

    status: Status
    state: State | None
    reason: str | None = None
    delay_seconds: int | None = None
    written: bool = False


def propose_state(
    *, kind: RunKind, run_id: UUID, proposal: State, force: bool = False, claim_id: UUID | None = None
) -> Answer:
    """Move a run to `proposal` if the rules allow it, and say how it went.

    `force` asks only the rules that protect results. `claim_id` is the claim under which a worker speaks; a worker
    that lost its claim is told to stop. Raises RunNotFound.
    """
    with transaction.atomic():
        run = _locked(kind, run_id, claim_id)
        return _propose(run, kind=kind, proposal=proposal, force=force, claim_id=claim_id)


def propose_state_of_locked(run: FlowRun, *, proposal: State, force: bool = False) -> Answer:
    """The same for a flow run that the caller's transaction has locked already."""
    return _propose(run, kind=RunKind.FLOW_RUN, proposal=proposal, force=force, claim_id=None)


def write_first_state(run: FlowRun | TaskRun, *, kind: RunKind, state: State) -> None:
    """Give a run that was just created its first state. No rule applies: nothing came before it."""
    _write(run, kind, _facts(run, kind), initial=None, state=_as_written(run, kind, None, state), policy={})


def locked_flow_run(run_id: UUID) -> FlowRun:
    """The flow run with all that its events mention, locked until the transaction ends. Raises RunNotFound."""
    run = _locked(RunKind.FLOW_RUN, run_id, claim_id=None)
    assert isinstance(run, FlowRun)
    return run


def _locked(kind: RunKind, run_id: UUID, claim_id: UUID | None) -> FlowRun | TaskRun:
    rows: Any
    if kind is RunKind.FLOW_RUN:
        rows = FlowRun.objects.select_related("flow", "deployment", "work_queue__work_pool", "parent_task_run")
        if claim_id is not None:
            held = Claim.objects.held().filter(id=claim_id, flow_run=OuterRef("pk"))
            rows = rows.annotate(claim_is_held=Exists(held))
    else:
        rows = TaskRun.objects.select_related("flow_run")
    run = rows.select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None:
        raise RunNotFound(kind, run_id)
    return run


def _propose(run: FlowRun | TaskRun, *, kind: RunKind, proposal: State, force: bool, claim_id: UUID | None) -> Answer:
    facts, initial = _facts(run, kind), run.current_state
    claim_is_held = getattr(run, "claim_is_held", None) if claim_id is not None else None
    transition = Transition(run=facts, initial=initial, proposed=proposal, at=now(), claim_is_held=claim_is_held)
    decision = decide(transition, rules_for(kind, force=force))
    if decision.write is None:
        return _unchanged(decision, initial)

    state = _as_written(run, kind, initial, decision.write)
    _write(run, kind, facts, initial=initial, state=state, policy=decision.policy or {})
    if state.is_terminal and claim_id is None and facts.has_infrastructure:
        # Somebody else ended the run: whoever still executes it has to stop, and may not speak for it any more.
        Claim.objects.filter(flow_run=run.pk).revoke(reason=f"The run was set to {state.name}.", at=now())
    return Answer(decision.status, state, reason=decision.reason, written=True)


def _unchanged(decision: Decision, initial: State | None) -> Answer:
    state = None if decision.status is Status.WAIT else initial
    return Answer(decision.status, state, reason=decision.reason, delay_seconds=decision.delay_seconds)


def _facts(run: FlowRun | TaskRun, kind: RunKind) -> RunFacts:
    return RunFacts(
        id=run.pk,
        kind=kind,
        run_count=run.run_count,
        policy=run.empirical_policy,
        start_time=run.start_time,
        expected_start_time=run.expected_start_time,
        **_facts_of_flow_run(run) if isinstance(run, FlowRun) else _facts_of_task_run(run),
    )


def _facts_of_flow_run(run: FlowRun) -> dict[str, Any]:
    return {
        "has_deployment": run.deployment_id is not None,
        "has_infrastructure": bool(run.infrastructure_pid),
        "is_subflow": run.parent_task_run_id is not None,
    }


def _facts_of_task_run(run: TaskRun) -> dict[str, Any]:
    flow_run = run.flow_run
    return {
        "flow_run_id": run.flow_run_id,
        "flow_run_state": flow_run.current_state if flow_run else None,
        "flow_run_run_count": flow_run.run_count if flow_run else 0,
        "recorded_flow_run_run_count": run.flow_run_run_count,
    }


def _as_written(run: FlowRun | TaskRun, kind: RunKind, initial: State | None, state: State) -> State:
    """With the details that the server fills in, and later than the state before it."""
    details: dict[str, Any]
    if isinstance(run, FlowRun):
        details = {"flow_run_id": str(run.pk)}
        if run.parent_task_run_id:
            details["task_run_id"] = str(run.parent_task_run_id)
    else:
        details = {"task_run_id": str(run.pk), "flow_run_id": str(run.flow_run_id) if run.flow_run_id else None}
    if initial is not None and state.timestamp <= initial.timestamp:
        state = state.with_(timestamp=initial.timestamp + timedelta(microseconds=1))
    return state.with_details(**details)


def _write(
    run: FlowRun | TaskRun,
    kind: RunKind,
    facts: RunFacts,
    *,
    initial: State | None,
    state: State,
    policy: Mapping[str, Any],
) -> None:
    """The state's row, the run's columns, the event; and the tracking task run of a subflow."""
    record: dict[str, Any] = {
        "id": state.id,
        "type": state.type,
        "name": state.name,
        "timestamp": state.timestamp,
        "message": state.message,
        "data": state.data,
        "state_details": state.details,
    }
    if isinstance(run, FlowRun):
        FlowRunState(flow_run=run, **record).save(force_insert=True)
    else:
        TaskRunState(task_run=run, **record).save(force_insert=True)

    changes = changes_to_run(facts, initial, state, policy=policy)
    if isinstance(run, TaskRun) and state.type is StateType.RUNNING:
        changes["flow_run_run_count"] = facts.flow_run_run_count
    _update_run(run, state, changes)

    if isinstance(run, FlowRun):
        emit_flow_run_state(run, initial=initial, state=state)
        if run.parent_task_run_id:
            _mirror_on_parent(run, run.parent_task_run_id, state)


def _update_run(run: FlowRun | TaskRun, state: State, changes: dict[str, Any]) -> None:
    run_seconds = changes.pop("run_seconds", 0.0)
    changes |= {
        "state": state.to_wire(),
        "state_type": state.type.value,
        "state_name": state.name,
        "state_timestamp": state.timestamp,
        "updated": now(),
    }
    expressions = {"total_run_time": F("total_run_time") + run_seconds} if run_seconds else {}
    type(run).objects.filter(pk=run.pk).update(**changes, **expressions)
    for column, value in changes.items():
        setattr(run, column, value)
    run.total_run_time += run_seconds


def _mirror_on_parent(child: FlowRun, tracking_id: UUID, state: State) -> None:
    """The task run by which the parent flow sees its subflow shows whatever state the subflow is in."""
    mirrored = State(
        type=state.type,
        name=state.name,
        message=state.message,
        data=state.data,
        timestamp=state.timestamp,
        details={**state.details, "child_flow_run_id": str(child.pk), "transition_id": None},
    )
    propose_state(kind=RunKind.TASK_RUN, run_id=tracking_id, proposal=mirrored, force=True)
