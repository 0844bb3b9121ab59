"""The event of a flow run's new state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from orchestrator.contract.events import resource, state_event_name
from orchestrator.contract.states import State, StateType
from orchestrator.events.emit import emit
from runs.models import FlowRun

MAX_MESSAGE_LENGTH = 100_000  # characters of the state's message that an event carries
FOLLOWS_WITHIN = timedelta(minutes=5)  # an older state no longer helps to order events


def emit_flow_run_state(run: FlowRun, *, initial: State | None, state: State) -> None:
    """Reads only what is loaded with `run`: flow, deployment, queue, pool and parent task run."""
    follows = initial.id if initial and abs(state.timestamp - initial.timestamp) < FOLLOWS_WITHIN else None
    emit(
        event=state_event_name("flow-run", state.name),
        id=state.id,
        follows=follows,
        occurred=state.timestamp,
        resource=_labels(run, state),
        related=related_resources(run),
        payload={
            "intended": {"from": initial.type.value if initial else None, "to": state.type.value},
            "initial_state": _summary(initial),
            "validated_state": _summary(state),
        },
    )


def related_resources(run: FlowRun) -> list[dict[str, str]]:
    """What an event of this run is about besides the run itself."""
    related = [resource("flow", run.flow_id, name=run.flow.name, role="flow")]
    tags = {*run.tags, *run.flow.tags}
    # A deleted deployment leaves its runs, so the row may be missing where the identifier is not.
    deployment: Any = run.deployment if run.deployment_id else None
    if deployment is not None:
        related.append(resource("deployment", deployment.pk, name=deployment.name, role="deployment"))
        tags |= set(deployment.tags)
    queue: Any = run.work_queue
    if queue is not None:
        related.append(resource("work-queue", queue.pk, name=queue.name, role="work-queue"))
        pool = queue.work_pool
        labels = {"prefect.work-pool.type": pool.type}
        related.append(resource("work-pool", pool.pk, name=pool.name, role="work-pool", **labels))
    if run.parent_task_run is not None:
        related.append(resource("task-run", run.parent_task_run.pk, name=run.parent_task_run.name, role="task-run"))
        tags |= set(run.parent_task_run.tags)
    related += [resource("tag", tag, role="tag") for tag in sorted(tags)]
    creator = run.created_by or {}
    if creator.get("id") and creator.get("type") in ("DEPLOYMENT", "AUTOMATION"):
        name = creator.get("display_value") or None
        related.append(resource(creator["type"].lower(), creator["id"], name=name, role="creator"))
    return related


def _labels(run: FlowRun, state: State) -> dict[str, str]:
    labels = {
        "prefect.run-count": str(run.run_count),
        "prefect.state-message": _cut(state.message or ""),
        "prefect.state-name": state.name,
        "prefect.state-timestamp": state.timestamp.isoformat(),
        "prefect.state-type": state.type.value,
    }
    return resource("flow-run", run.pk, name=run.name, **labels)


def _summary(state: State | None) -> dict[str, str] | None:
    if state is None:
        return None
    summary = {"type": state.type.value, "name": state.name}
    if state.message:
        summary["message"] = _cut(state.message)
    if state.type is StateType.PAUSED:
        summary["pause_reschedule"] = str(bool(state.details.get("pause_reschedule"))).lower()
    return summary


def _cut(message: str) -> str:
    """A long message keeps its beginning and its end, where it says what it is about and what came of it."""
    left_out = len(message) - MAX_MESSAGE_LENGTH
    half = MAX_MESSAGE_LENGTH // 2
    cut = f"{message[:half]}...{left_out} additional characters...{message[-half:]}"
    return cut if left_out > 0 and len(cut) < len(message) else message
