"""What the API answers, as objects."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from orchestrator import State, StateType
from orchestrator.sdk.server_client.records import DeploymentResponse, FlowRun, OrchestrationResult

WIRE = {
    "id": "01a1fe45-0709-7616-acb2-3b3a9664c548",
    "name": "brave-cat",
    "flow_id": "01a1fe45-0709-7616-acb2-3b3a9664c549",
    "deployment_id": None,
    "idempotency_key": "2026-01-01",
    "start_time": "2026-01-01T00:00:00Z",
    "created": "2026-01-01T00:00:00Z",
    "total_run_time": 1.5,
    "parameters": {"id": "01a1fe45-0709-7616-acb2-3b3a9664c548"},
    "state_type": "COMPLETED",
    "state": {"type": "COMPLETED", "name": "Completed"},
    "of_a_later_version": [1],
}


def test_reads_ids_times_durations_and_states():
    run = FlowRun(WIRE)

    assert run.id == UUID(WIRE["id"])
    assert isinstance(run.flow_id, UUID)
    assert run.deployment_id is None
    assert run.start_time == run.created == datetime(2026, 1, 1, tzinfo=UTC)
    assert run.total_run_time == timedelta(seconds=1.5)
    assert isinstance(run.state, State)
    assert run.state.is_completed()
    assert run.state_type is StateType.COMPLETED


def test_leaves_the_rest_as_it_is():
    run = FlowRun(WIRE)

    assert run.idempotency_key == "2026-01-01"
    assert run.parameters == WIRE["parameters"]
    assert run.of_a_later_version == [1]


def test_reads_parts():
    deployment = DeploymentResponse({"schedules": [{"schedule": {"interval": 60.0}, "active": True}]})

    assert deployment.schedules[0].schedule.interval == timedelta(minutes=1)
    assert deployment.model_dump()["schedules"][0]["schedule"] == {"interval": timedelta(minutes=1)}


def test_dumps_its_fields():
    run = FlowRun(WIRE)

    assert run.model_dump()["id"] == run.id
    assert run.model_dump(mode="json") == WIRE
    assert "deployment_id" not in run.model_dump(exclude_none=True)


def test_dumps_the_fields_that_are_named():
    run = FlowRun(WIRE)

    assert run.model_dump(include={"id", "name", "deployment_id"}, exclude=["name"], exclude_none=True) == {
        "id": run.id
    }
    assert "parameters" not in run.model_dump(mode="json", exclude={"parameters"}, exclude_unset=True)


def test_refuses_ways_to_dump_that_it_does_not_know():
    with pytest.raises(TypeError, match="by_alias"):
        FlowRun(WIRE).model_dump(by_alias=True)
    with pytest.raises(TypeError, match="include is 'name'; the names of fields are needed"):
        FlowRun(WIRE).model_dump(include="name")


def test_says_what_there_is_instead():
    with pytest.raises(AttributeError, match="FlowRun has no attribute 'start_tim'; did you mean 'start_time'"):
        _ = FlowRun(WIRE).start_tim


def test_cannot_be_changed():
    run = FlowRun(WIRE)

    with pytest.raises(AttributeError, match="cannot be changed"):
        run.name = "other"


def test_can_be_compared_copied_and_pickled():
    run = FlowRun(WIRE)

    assert run == FlowRun(WIRE) != FlowRun({**WIRE, "name": "other"})
    assert {run, FlowRun(WIRE)} == {run}
    assert pickle.loads(pickle.dumps(run)) == copy.deepcopy(run) == run
    assert "brave-cat" in repr(run)


def test_says_how_a_state_was_answered():
    result = OrchestrationResult({"status": "REJECT", "state": None, "details": {"reason": "no"}})

    assert (result.status.value, result.details.reason, result.state) == ("REJECT", "no", None)
