"""Events as clients report them, with their kind of identifiers: those of authors, and those that tell of task runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator.contract.ids import uuid7

_STEP = timedelta(milliseconds=1)  # between two states of a task run
_RETRIES = {"max_retries": 0, "retry_delay_seconds": 0.0, "retries": 0, "retry_delay": 0}


def custom_event(name: str, resource_id: str, number: int) -> dict[str, Any]:
    """One that an author emits inside a flow run: with two related resources, and a payload of a few values."""
    return {
        "occurred": datetime.now(UTC).isoformat(),
        "event": name,
        "resource": {"prefect.resource.id": resource_id, "prefect.resource.name": "orders", "region": "north"},
        "related": [
            related(f"prefect.flow-run.{uuid7()}", "flow-run", "brave-falcon"),
            related(f"prefect.flow.{uuid7()}", "flow", "take-orders"),
        ],
        "payload": {"number": number, "customer": f"customer-{number % 97}", "amount": 12.5, "items": ["tea", "cups"]},
        "id": str(uuid7()),
        "follows": None,
    }


def life_of_a_task_run(flow_run_id: str, number: int) -> Iterator[dict[str, Any]]:
    """PENDING, RUNNING, COMPLETED: three events of one task run, one after the other."""
    task_run_id, at = str(uuid7()), datetime.now(UTC)
    before: dict[str, Any] | None = None
    follows: str | None = None
    started = (at + _STEP).isoformat()
    changes: list[tuple[str, dict[str, Any]]] = [
        ("PENDING", {"run_count": 0}),
        ("RUNNING", {"run_count": 1, "start_time": started}),
        (
            "COMPLETED",
            {
                "run_count": 1,
                "start_time": started,
                "end_time": (at + 2 * _STEP).isoformat(),
                "total_run_time": _STEP.total_seconds(),
            },
        ),
    ]
    for step, (type_, columns) in enumerate(changes):
        occurred = (at + step * _STEP).isoformat()
        state: dict[str, Any] = {
            "type": type_,
            "name": type_.capitalize(),
            "message": "",
            "state_details": {},
            "data": None,
        }
        event_id = str(uuid7())
        yield {
            "occurred": occurred,
            "event": f"prefect.task-run.{type_.capitalize()}",
            "resource": {
                "prefect.resource.id": f"prefect.task-run.{task_run_id}",
                "prefect.resource.name": f"pour-{number}",
                "prefect.run-count": str(columns["run_count"]),
                "prefect.state-message": "",
                "prefect.state-name": type_.capitalize(),
                "prefect.state-timestamp": occurred,
                "prefect.state-type": type_,
                "prefect.orchestration": "client",
            },
            "related": [
                related(f"prefect.flow-run.{flow_run_id}", "flow-run", "brave-falcon"),
                related("prefect.tag.bench", "tag"),
            ],
            "payload": {
                "intended": {"from": before and before["type"], "to": type_},
                "initial_state": before,
                "validated_state": state,
                "task_run": {
                    "name": f"pour-{number}",
                    "task_key": "pour-1a2b3c4d",
                    "dynamic_key": f"{number}-{task_run_id}",
                    "empirical_policy": _RETRIES,
                    "tags": ["bench"],
                    "labels": {"prefect.flow-run.id": flow_run_id},
                    "task_inputs": {"number": [], "wait_for": []},
                    "flow_run_run_count": 1,
                    "expected_start_time": at.isoformat(),
                    "total_run_time": 0.0,
                    **columns,
                },
            },
            "id": event_id,
            "follows": follows,
        }
        before, follows = state, event_id


def related(identifier: str, role: str, name: str | None = None) -> dict[str, str]:
    labels = {"prefect.resource.id": identifier, "prefect.resource.role": role}
    return labels if name is None else {**labels, "prefect.resource.name": name}
