"""The one way to change the state of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, QuerySet

from orchestrator.contract.states import State, StateType, Status
from orchestrator.contract.times import now
from orchestrator.statements.after_commit import after_commit
from orchestrator.statements.executing import sent_together
from orchestrator.statements.reading import PreparedQuery
from orchestrator.statements.writing import insert_rows, insert_values, update_row
from runs.errors import RunNotFound
from runs.models import Claim, ConcurrencyLimit, FlowRun, FlowRunState, Heartbeat, TaskRun, TaskRunState
from runs.models.hour_counts import Counted
from runs.orchestration.bookkeeping import changes_to_run
from runs.orchestration.decide import Decision, Rule, decide
from runs.orchestration.policy import rules_for
from runs.orchestration.rules.buried import OF_ITS_PROCESS
from runs.orchestration.transition import RunFacts, RunKind, Transition
from runs.services.artifacts import record_result
from runs.services.background_queue import queue_for_task_workers
from runs.services.caching import cached_state_for, remember_in_cache
from runs.services.concurrency_of_runs import facts_of_limits, free_slots, secure_slots
from runs.services.deadlines import set_deadline
from runs.services.failures.columns import BAD_ENDS, failure_columns
from runs.services.failures.completing import complete_failures
from runs.services.hour_counts import forget_hours
from runs.services.missed import facts_of_missed
from runs.services.state_events import emit_flow_run_state

R = TypeVar("R", FlowRun, TaskRun)
ClientVersion = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a proposal ended.

    `state` is the written state, or the present one of a run that stayed as it was; None when it has none.
    `written` is whether the run has a new state.
    """

    status: Status
    state: State | None
    reason: str | None = None
    delay_seconds: int | None = None
    written: bool = False


def propose_state(
    *,
    kind: RunKind,
    run_id: UUID,
    proposal: State,
    force: bool = False,
    claim_id: UUID | None = None,
    client: ClientVersion | None = None,
) -> Answer:
    """Move a run to `proposal` if the rules allow it, and say how it went.

    `force` asks only the rules that protect results. `claim_id` is the claim under which a worker speaks; a worker
    that lost its claim is told to stop. `client` is the version of the Prefect client that proposes, None for other
    programs. Raises RunNotFound.
    """
    with transaction.atomic():
        run = _locked(kind, run_id)
        return _propose(run, kind=kind, proposal=proposal, force=force, claim_id=claim_id, client=client)


def propose_state_of_locked(
    run: FlowRun,
    *,
    proposal: State,
    force: bool = False,
    rules: Sequence[Rule] | None = None,
    client: ClientVersion | None = None,
    claim: Claim | None = None,
) -> Answer:
    """The same for a flow run that the caller's transaction has locked already.

    `rules` are asked instead of all. A new `claim` is stored with the state if that is accepted, and the run keeps its
    slots as long as the claim.
    """
    return _propose(
        run,
        kind=RunKind.FLOW_RUN,
        proposal=proposal,
        force=force,
        claim_id=None,
        rules=rules,
        client=client,
        claim=claim,
    )


def store_in_first_state(run: FlowRun | TaskRun, *, kind: RunKind, state: State) -> None:
    """Store a run that is new, in its first state. No rule applies: nothing came before it."""
    written = _as_written(run, None, state)
    facts = _facts(run, kind)
    for column, value in _changes(run, facts, initial=None, state=written, policy={}).items():
        setattr(run, column, value)
    with sent_together():
        insert_rows([run])
        forget_hours(_COUNTED[kind], [run.start_time, run.expected_start_time])
        _record(run, initial=None, state=written)
    _follow_up(run, initial=None, state=written)


def locked_flow_run(run_id: UUID) -> FlowRun:
    """The flow run with all that its events mention, locked until the transaction ends. Raises RunNotFound."""
    return _found(_flow_run.first(run_id=run_id), RunKind.FLOW_RUN, run_id)


def locked_run_to_claim(run_id: UUID) -> FlowRun:
    """The same, with all columns of the deployment and its pool, which the claim's answer tells. Raises RunNotFound."""
    return _found(_flow_run_to_claim.first(run_id=run_id), RunKind.FLOW_RUN, run_id)


def _locked(kind: RunKind, run_id: UUID) -> FlowRun | TaskRun:
    if kind is RunKind.TASK_RUN:
        return _found(_task_run.first(run_id=run_id), kind, run_id)
    return _found(_flow_run.first(run_id=run_id), kind, run_id)


def _found(run: R | None, kind: RunKind, run_id: UUID) -> R:
    if run is None:
        raise RunNotFound(kind, run_id)
    return run


def _flow_run_for_rules(run_id: UUID) -> QuerySet[FlowRun]:
    """What rules, bookkeeping and events look at, and no more: parameters may be large. The rest is read when asked."""
    rows = FlowRun.objects.select_related("flow", "deployment", "work_queue__work_pool", "parent_task_run")
    return rows.select_for_update(of=("self",)).filter(pk=run_id).only(*_LOOKED_AT)


def _held_claim_by_id(claim_id: UUID) -> QuerySet[Claim]:
    return Claim.objects.held().filter(pk=claim_id).only("flow_run")


def _flow_run_and_all(run_id: UUID) -> QuerySet[FlowRun]:
    related = ("flow", "deployment__work_queue__work_pool", "work_queue__work_pool", "parent_task_run")
    rows = FlowRun.objects.select_related(*related)
    # The run's own queue and pool are all that is asked for more than their names.
    untold = [
        *_columns_beside("deployment__work_queue", "name", "work_pool"),
        *_columns_beside("deployment__work_queue__work_pool", "name"),
        *_columns_beside("parent_task_run", "name", "tags"),
    ]
    return rows.select_for_update(of=("self",)).filter(pk=run_id).defer(*untold)


def _columns_beside(path: str, *names: str) -> list[str]:
    """Those of what `path` leads to, beside its key and these."""
    model: Any = FlowRun
    for step in path.split("__"):
        model = model._meta.get_field(step).related_model
    columns = (field for field in model._meta.concrete_fields if not field.primary_key)
    return [f"{path}__{field.name}" for field in columns if field.name not in names]


def _locked_task_run(run_id: UUID) -> QuerySet[TaskRun]:
    rows = TaskRun.objects.select_related("flow_run").select_for_update(of=("self",)).filter(pk=run_id)
    # Asked on the way: a limit that exists must be looked up, and most installations have none.
    return rows.annotate(tag_limits_exist=Exists(ConcurrencyLimit.objects.of_tags()))


_LOOKED_AT = (
    "name",
    "tags",
    "empirical_policy",
    "state",
    "state_type",
    "state_name",
    "state_timestamp",
    "run_count",
    "expected_start_time",
    "next_scheduled_start_time",
    "start_time",
    "end_time",
    "total_run_time",
    "infrastructure_pid",
    "created_by",
    "flow__name",
    "flow__tags",
    "deployment__name",
    "deployment__tags",
    "deployment__global_concurrency_limit",
    "deployment__concurrency_options",
    "deployment__catch_up_policy",
    "deployment__catch_up_max_age_seconds",
    "work_queue__name",
    "work_queue__work_pool__name",
    "work_queue__work_pool__type",
    "parent_task_run__name",
    "parent_task_run__tags",
)
_OF_A_STATE = ("id", "type", "name", "timestamp", "message", "data", "state_details")
_COUNTED = {RunKind.FLOW_RUN: Counted.FLOW_RUNS, RunKind.TASK_RUN: Counted.TASK_RUNS}
_flow_run = PreparedQuery(_flow_run_for_rules, "run_id")
_held_claim = PreparedQuery(_held_claim_by_id, "claim_id")
_flow_run_to_claim = PreparedQuery(_flow_run_and_all, "run_id")
_task_run = PreparedQuery(_locked_task_run, "run_id")


def _propose(
    run: FlowRun | TaskRun,
    *,
    kind: RunKind,
    proposal: State,
    force: bool,
    claim_id: UUID | None,
    rules: Sequence[Rule] | None = None,
    client: ClientVersion | None = None,
    claim: Claim | None = None,
) -> Answer:
    facts, initial = _facts(run, kind), run.current_state
    limits = facts_of_limits(run)
    if limits:
        facts = replace(facts, **limits)
    if isinstance(run, FlowRun) and initial is not None and initial.type is StateType.SCHEDULED:
        missed = facts_of_missed(run, proposal)
        if missed:
            facts = replace(facts, **missed)
    deferred = isinstance(run, TaskRun) and bool(proposal.details.get("deferred"))
    forced = force and not deferred
    claim_is_held = None
    if claim_id is not None and kind is RunKind.FLOW_RUN:
        # Asked only now: what a statement that waits for the run's lock says of other rows is older than the lock.
        spoken_under = _held_claim.first(claim_id=claim_id)
        claim_is_held = spoken_under is not None
        if spoken_under is not None and spoken_under.flow_run_id != run.pk:
            # A foreign engine sends its claim with everything it says, so also for subflows and runs it looks after.
            # It speaks for them as anybody does, as long as it holds its own run.
            claim_id = None
    transition = Transition(
        run=facts,
        initial=initial,
        proposed=proposal,
        at=now(),
        claim_is_held=claim_is_held,
        client=client,
        takes_claim=claim is not None,
        process_is_buried=not force and isinstance(run, FlowRun) and _is_buried(run, initial, proposal),
        cached=None if forced or isinstance(run, FlowRun) else cached_state_for(proposal),
    )
    decision = decide(transition, rules_for(kind, force=force, deferred=deferred) if rules is None else rules)
    if decision.needs is not None:
        decision = secure_slots(run, decision, transition.at)
    if decision.write is None:
        return _unchanged(decision, initial)

    state = _as_written(run, initial, decision.write)
    accepted = decision.status is Status.ACCEPT and not forced
    claim = claim if accepted else None
    _write(run, facts, initial=initial, state=state, policy=decision.policy or {}, forced=not accepted, claim=claim)
    if isinstance(run, TaskRun) and accepted:
        remember_in_cache(state)
    free_slots(run, initial=initial, written=state, policy=decision.policy or {})
    if state.is_terminal and claim_id is None and facts.has_infrastructure:
        # Somebody else ended the run: whoever still executes it has to stop, and may not speak for it any more.
        Claim.objects.filter(flow_run=run.pk).revoke(reason=f"The run was set to {state.name}.", at=now())
    told = decision.write.data  # the proposer gets back what it said
    answered = state if told is state.data else state.with_(data=told)
    return Answer(decision.status, answered, reason=decision.reason, written=True)


def _is_buried(run: FlowRun, initial: State | None, proposal: State) -> bool:
    """Asked only where the rule looks: of a run that crashed, or waits to be begun again."""
    if initial is None or initial.type not in (StateType.CRASHED, StateType.SCHEDULED):
        return False
    if proposal.type not in OF_ITS_PROCESS or (initial.type is StateType.SCHEDULED and not run.run_count):
        return False
    return Heartbeat.objects.filter(flow_run=run.pk, buried_state_id=initial.id).exists()


def _unchanged(decision: Decision, initial: State | None) -> Answer:
    return Answer(decision.status, initial, reason=decision.reason, delay_seconds=decision.delay_seconds)


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


def _as_written(run: FlowRun | TaskRun, initial: State | None, state: State) -> State:
    """With the details that the server fills in, and later than the state before it.

    Data that only says that nothing was stored is left out.
    """
    details: dict[str, Any]
    if isinstance(run, FlowRun):
        details = {"flow_run_id": str(run.pk)}
        if run.parent_task_run_id:
            details["task_run_id"] = str(run.parent_task_run_id)
    else:
        details = {"task_run_id": str(run.pk), "flow_run_id": str(run.flow_run_id) if run.flow_run_id else None}
    if initial is not None and state.timestamp <= initial.timestamp:
        state = state.with_(timestamp=initial.timestamp + timedelta(microseconds=1))
    if isinstance(state.data, dict) and state.data.get("type") == "unpersisted":
        state = state.with_(data=None)
    return state.with_details(**details)


def _write(
    run: FlowRun | TaskRun,
    facts: RunFacts,
    *,
    initial: State | None,
    state: State,
    policy: Mapping[str, Any],
    forced: bool,
    claim: Claim | None,
) -> None:
    changes = _changes(run, facts, initial=initial, state=state, policy=policy, forced=forced)
    if claim is not None:
        # From now on something executes the run, so cancelling it has to go through that worker.
        changes["infrastructure_pid"] = claim.infrastructure_pid
    with sent_together():
        update_row(run, changes)
        if claim is not None:
            insert_rows([claim])
        times = (run.start_time, run.expected_start_time, facts.start_time, facts.expected_start_time)
        forget_hours(_COUNTED[facts.kind], times)
        _record(run, initial=initial, state=state)
    _follow_up(run, initial=initial, state=state)


def _changes(
    run: FlowRun | TaskRun,
    facts: RunFacts,
    *,
    initial: State | None,
    state: State,
    policy: Mapping[str, Any],
    forced: bool = True,
) -> dict[str, Any]:
    """The columns of the run that follow from its new state. The run is locked, so they are plain values."""
    changes = changes_to_run(facts, initial, state, policy=policy, forced=forced)
    run_seconds = changes.pop("run_seconds", 0.0)
    if run_seconds:
        changes["total_run_time"] = run.total_run_time + run_seconds
    changes |= failure_columns(state, before=initial.type.value if initial else None)
    return changes | {
        "state": state.to_wire(),
        "state_type": state.type.value,
        "state_name": state.name,
        "state_timestamp": state.timestamp,
        "updated": now(),
    }


def _record(run: FlowRun | TaskRun, *, initial: State | None, state: State) -> None:
    """The row of a written state, and its event."""
    # Asked for before the event is written: whoever is told of that after the commit finds the failure complete.
    if state.type.value in BAD_ENDS:
        of_kind = "flow_run_ids" if isinstance(run, FlowRun) else "task_run_ids"
        after_commit(complete_failures, **{of_kind: [run.pk]})
    columns = (
        state.id,
        state.type.value,
        state.name,
        state.timestamp,
        state.message,
        state.data,
        state.details,
        run.pk,
    )
    if isinstance(run, TaskRun):
        insert_values(TaskRunState, (*_OF_A_STATE, "task_run"), [columns])
    else:
        insert_values(FlowRunState, (*_OF_A_STATE, "flow_run"), [columns])
        emit_flow_run_state(run, initial=initial, state=state)


def _follow_up(run: FlowRun | TaskRun, *, initial: State | None, state: State) -> None:
    """What a written state brings about: its result, its deadline, the tracking task run of a subflow."""
    if isinstance(run, TaskRun):
        record_result(data=state.data, flow_run_id=run.flow_run_id, task_run_id=run.pk)
        if state.type is StateType.SCHEDULED and state.details.get("deferred"):
            queue_for_task_workers(run, state, again=initial is not None)
        return
    record_result(data=state.data, flow_run_id=run.pk, task_run_id=None)
    set_deadline(run, state)
    if run.parent_task_run_id:
        _mirror_on_parent(run, run.parent_task_run_id, state)


def _mirror_on_parent(child: FlowRun, tracking_id: UUID, state: State) -> None:
    """The task run by which the parent flow sees its subflow shows whatever state the subflow is in."""
    mirrored = State(
        type=state.type,
        name=state.name,
        message=state.message,
        data=state.data,
        timestamp=state.timestamp,
        details={**state.details, "child_flow_run_id": str(child.pk)},
    )
    propose_state(kind=RunKind.TASK_RUN, run_id=tracking_id, proposal=mirrored, force=True)
