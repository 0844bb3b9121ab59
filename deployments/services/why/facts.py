"""Reads everything that an explanation needs, in a bounded number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, prefetch_related_objects

from deployments.models import Deployment, DeploymentSchedule, Worker, WorkPool, WorkQueue
from deployments.services.hand_out import OCCUPYING, OCCUPYING_QUEUE
from deployments.services.why.explanation import Holder
from deployments.services.why.limits import read_asked, read_limit
from deployments.services.why.server import read_server
from deployments.services.why.situation import (
    ClaimFact,
    DeploymentFact,
    HeartbeatFact,
    ParentFact,
    Patience,
    PlacesFact,
    PoolFact,
    QueueFact,
    RunFact,
    ScheduleFact,
    Situation,
    WorkerFact,
)
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from runs.errors import RunNotFound
from runs.models import Claim, FlowRun, Heartbeat, TaskRun
from runs.orchestration.decide import decide
from runs.orchestration.policy import SKIP_RULES
from runs.orchestration.rules.catch_up import SKIPPED
from runs.orchestration.transition import RunFacts, RunKind, Transition
from runs.services.missed import facts_of_missed

MOST_HOLDERS = 20  # that an answer names
MOST_WORKERS = 50  # of a pool, those heard last
MOST_RUNS_OF_WORKERS = 1000
MOST_CLAIMS = 10
MOST_AHEAD = 10_000  # runs that are counted

# What has left the line and not ended yet, or has ended: nothing about places matters to it.
_WAITING = {StateType.SCHEDULED, StateType.PENDING}


def read_situation(*, flow_run_id: UUID, at: datetime | None = None) -> Situation:
    """Raises RunNotFound."""
    related = ("flow", "deployment__flow", "work_queue__work_pool", "parent_task_run__flow_run", "heartbeat", "rescue")
    run = FlowRun.objects.select_related(*related).filter(pk=flow_run_id).first()
    if run is None:
        raise RunNotFound("flow-run", flow_run_id)
    return read_situation_of(run, at=at)


def read_situation_of(run: FlowRun, *, at: datetime | None = None) -> Situation:
    """The same of a run that was read just now: what hangs together with it is not read again where it is there."""
    at = at or now()
    if run.is_terminal or run.state_type is None:
        return Situation(at, run_fact(run), patience=read_patience())
    deployment: Deployment | None = run.deployment if run.deployment_id else None  # a deleted one leaves its runs
    queue: WorkQueue | None = run.work_queue
    pool: WorkPool | None = queue.work_pool if queue else None
    parent = run.parent_task_run.flow_run if run.parent_task_run else None
    waits = run.state_type in _WAITING
    return Situation(
        at,
        run_fact(run),
        deployment=deployment_fact(deployment),
        schedule=_schedule(run),
        parent=parent_fact(parent) if parent else None,
        pool=read_pool(pool, counted=waits),
        queue=read_queue(run, queue, at, counted=waits),
        workers=read_workers(pool, at) if pool and waits else (),
        limit=read_limit(run, deployment, at) if deployment and waits else None,
        asked=read_asked(run, at) if run.state_type == StateType.RUNNING else (),
        claims=_claims(run),
        heartbeat=_heartbeat(run),
        rescues=run.rescue.attempts if hasattr(run, "rescue") else 0,
        will_be_skipped=_will_be_skipped(run, at),
        server=read_server(at),
        patience=read_patience(),
    )


def run_fact(run: FlowRun | TaskRun) -> RunFact:
    of_flow: dict[str, Any] = _of_flow_run(run) if isinstance(run, FlowRun) else {}
    policy: Mapping[str, Any] = run.empirical_policy or {}
    state = run.state or {}
    return RunFact(
        id=run.pk,
        name=run.name,
        state_type=run.state_type,
        state_name=run.state_name,
        since=run.state_timestamp,
        message=state.get("message"),
        details=state.get("state_details") or {},
        due=run.next_scheduled_start_time,
        expected=run.expected_start_time,
        created=run.created,
        run_count=run.run_count,
        retries=int(policy.get("retries") or policy.get("max_retries") or 0),
        retry_type=policy.get("retry_type"),
        **of_flow,
    )


def _of_flow_run(run: FlowRun) -> dict[str, Any]:
    return {
        "auto_scheduled": run.auto_scheduled,
        "infrastructure": run.infrastructure_pid,
        "queue_name": run.work_queue_name,
        "deployment_id": run.deployment_id,
        "scheduled_by": _made_by_schedule(run),
    }


def _made_by_schedule(run: FlowRun) -> UUID | None:
    maker = run.created_by or {}
    return UUID(str(maker["id"])) if maker.get("type") == "SCHEDULE" and maker.get("id") else None


def deployment_fact(deployment: Deployment | None) -> DeploymentFact | None:
    if deployment is None:
        return None
    name = f"{deployment.flow.name}/{deployment.name}"
    return DeploymentFact(deployment.pk, name, deployment.paused, deployment.last_polled)


def _schedule(run: FlowRun) -> ScheduleFact | None:
    made_by = _made_by_schedule(run)
    schedule = DeploymentSchedule.objects.filter(pk=made_by).first() if made_by else None
    return ScheduleFact(schedule.pk, str(schedule), schedule.active) if schedule else None


def parent_fact(parent: FlowRun) -> ParentFact:
    return ParentFact(parent.pk, parent.name, parent.state_type, parent.state_name, parent.state_timestamp)


def read_pool(pool: WorkPool | None, *, counted: bool) -> PoolFact | None:
    if pool is None:
        return None
    places = PlacesFact()
    if counted and pool.concurrency_limit is not None:
        places = _places(pool.concurrency_limit, Q(work_queue__work_pool=pool), OCCUPYING)
    return PoolFact(pool.pk, pool.name, pool.type, pool.is_paused, places)


def read_queue(run: FlowRun, queue: WorkQueue | None, at: datetime, *, counted: bool) -> QueueFact | None:
    if queue is None:
        return None
    places, ahead, ahead_elsewhere = PlacesFact(), 0, 0
    if counted:
        if queue.concurrency_limit is not None:
            # Our own workers do not count what is being cancelled, pollers of the queue do.
            counts = OCCUPYING if queue.work_pool.is_celery else OCCUPYING_QUEUE
            places = _places(queue.concurrency_limit, Q(work_queue=queue), counts)
        ahead, ahead_elsewhere = _ahead(run, queue, at)
    return QueueFact(
        queue.pk,
        queue.name,
        is_paused=queue.is_paused,
        is_default=queue.pk == queue.work_pool.default_queue_id,
        last_polled=queue.last_polled,
        places=places,
        ahead=ahead,
        ahead_elsewhere=ahead_elsewhere,
    )


def _places(limit: int, where: Q, states: tuple[str, ...]) -> PlacesFact:
    """Who is under way: some of them by name, all of them counted."""
    under_way = FlowRun.objects.filter(where, state_type__in=states).order_by("state_timestamp")
    some = under_way.values_list("pk", "name", "state_name", "state_timestamp")[: MOST_HOLDERS + 1]
    holders = [Holder("flow-run", name, pk, state, since) for pk, name, state, since in some]
    occupied = len(holders) if len(holders) <= MOST_HOLDERS else under_way.count()
    return PlacesFact(limit, occupied, tuple(holders[:MOST_HOLDERS]))


def _ahead(run: FlowRun, queue: WorkQueue, at: datetime) -> tuple[int, int]:
    """How many due runs come first: of this queue, and of queues with a higher priority."""
    due = run.next_scheduled_start_time
    if run.state_type != StateType.SCHEDULED or due is None or due > at:
        return 0, 0
    waiting = FlowRun.objects.due(at).filter(work_queue__work_pool=queue.work_pool_id)
    before = Q(next_scheduled_start_time__lt=due) | Q(next_scheduled_start_time=due, pk__lt=run.pk)
    elsewhere = Q(work_queue__priority__lt=queue.priority, work_queue__is_paused=False)
    ahead = waiting.filter(before & Q(work_queue=queue) | elsewhere).values_list("work_queue", flat=True)
    queues = Counter(ahead[: 2 * MOST_AHEAD])
    here = queues.pop(queue.pk, 0)
    return min(here, MOST_AHEAD), min(queues.total(), MOST_AHEAD)


def read_workers(pool: WorkPool, at: datetime) -> tuple[WorkerFact, ...]:
    workers = list(Worker.objects.filter(work_pool=pool).order_by("-last_heartbeat_time")[:MOST_WORKERS])
    online = [worker.name for worker in workers if worker.is_online(at)]
    runs: dict[str, list[Holder]] = {}
    if online and pool.is_celery:
        held = Claim.objects.held().filter(worker_name__in=online, flow_run__work_queue__work_pool=pool)
        columns = ("worker_name", "flow_run", "flow_run__name", "flow_run__state_name", "claimed_at")
        for name, *run in held.order_by("claimed_at").values_list(*columns)[:MOST_RUNS_OF_WORKERS]:
            runs.setdefault(name, []).append(Holder("flow-run", run[1], run[0], run[2], run[3]))
    return tuple(
        WorkerFact(
            worker.name,
            online=worker.is_online(at),
            last_heartbeat=worker.last_heartbeat_time,
            id=worker.pk,
            queues=frozenset(worker.work_queue_names) or None,
            places=worker.concurrency,
            runs=tuple(runs.get(worker.name, ())),
            consuming=worker.broker_state != Worker.BrokerState.LOST if worker.broker_state else None,
            last_probe=worker.last_probe_at,
        )
        for worker in workers
    )


def _claims(run: FlowRun) -> tuple[ClaimFact, ...]:
    prefetch_related_objects([run], "claims")  # so that they are there for whoever asks the same run for them next
    return tuple(
        ClaimFact(
            attempt=claim.attempt,
            worker_name=claim.worker_name,
            claimed_at=claim.claimed_at,
            lease_expires_at=claim.lease_expires_at,
            held=claim.ended_at is None,
            lost=claim.outcome == Claim.Outcome.LOST,
            reason=claim.reason,
        )
        for claim in sorted(run.claims.all(), key=lambda claim: claim.attempt, reverse=True)[:MOST_CLAIMS]
    )


def _heartbeat(run: FlowRun) -> HeartbeatFact | None:
    beat: Heartbeat | None = getattr(run, "heartbeat", None)
    if beat is None or beat.buried_state_id is not None:
        return None
    return HeartbeatFact(beat.last_at, beat.silent_after, beat.sender)


def _will_be_skipped(run: FlowRun, at: datetime) -> str | None:
    """Why, as the rules say when the run is taken."""
    proposal = State(StateType.CANCELLED, name=SKIPPED, timestamp=at)
    facts = facts_of_missed(run, proposal)
    if not facts:
        return None
    asked = RunFacts(id=run.pk, kind=RunKind.FLOW_RUN, **facts)
    decision = decide(Transition(run=asked, initial=run.current_state, proposed=proposal, at=at), SKIP_RULES)
    return decision.write.message if decision.write else None


def read_patience() -> Patience:
    return Patience(
        late_after=settings.LATE_AFTER_SECONDS,
        cancelling=settings.CANCELLING_TIMEOUT_SECONDS,
        begin=settings.LAZARUS_SECONDS,
        most_rescues=settings.LAZARUS_ATTEMPTS,
        most_attempts=settings.MAX_ATTEMPTS,
    )
