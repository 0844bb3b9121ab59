"""Inputs of flow runs, and pauses that wait for one."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType
from orchestrator.store.models import Variable
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow_run

KEYS = {"schema": "ask-schema", "response": "ask-response", "description": "ask-description"}
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@pytest.fixture
def run(db) -> FlowRun:
    return make_flow_run()


def give(api: Any, run: FlowRun, key: str, value: str = "text", **more: Any) -> Any:
    return api.post(f"/flow_runs/{run.pk}/input", {"key": key, "value": value, **more})


def wanted(api: Any, run: FlowRun, **body: Any) -> list[str]:
    return [found["key"] for found in api.post(f"/flow_runs/{run.pk}/input/filter", body).json()]


def paused(**details: Any) -> FlowRun:
    columns = {"deployment": make_deployment()} if details.get("pause_reschedule") else {}
    state = State(StateType.PAUSED, details={"run_input_keyset": KEYS, **details})
    return make_flow_run(state=state, **columns)


def resume(api: Any, run: FlowRun, **run_input: Any) -> Any:
    return api.post(f"/flow_runs/{run.pk}/resume", {"run_input": run_input} if run_input else {})


def answered(api: Any, run: FlowRun) -> Any:
    """What the run reads as the answer to its question."""
    return json.loads(api.get(f"/flow_runs/{run.pk}/input/{KEYS['response']}").content)


class TestInput:
    def test_is_read_back_as_the_text_itself(self, api, run):
        assert give(api, run, "a", '{"é": 1}').status_code == 201

        response = api.get(f"/flow_runs/{run.pk}/input/a")

        assert (response.status_code, response.content.decode()) == (200, '{"é": 1}')
        assert response.headers["Content-Type"].startswith("text/plain")

    def test_is_given_once_for_each_key(self, api, run):
        give(api, run, "a")

        assert give(api, run, "a").status_code == 409
        assert give(api, make_flow_run(), "a").status_code == 201

    def test_is_refused_for_a_run_that_does_not_exist(self, api, db):
        response = api.post(f"/flow_runs/{uuid4()}/input", {"key": "a", "value": "x"})

        assert (response.status_code, response.json()) == (404, {"detail": "Flow run not found"})

    def test_is_deleted_once(self, api, run):
        give(api, run, "a")
        path = f"/flow_runs/{run.pk}/input/a"

        assert api.delete(path).status_code == 204
        for response in (api.delete(path), api.get(path)):
            assert (response.status_code, response.json()) == (404, {"detail": "Flow run input not found"})


class TestList:
    def test_holds_the_oldest_alone_unless_more_are_wanted(self, api, run):
        for key in ("b-1", "b-2", "a-1", "b-3"):
            give(api, run, key)
        give(api, make_flow_run(), "b-0")

        assert wanted(api, run, prefix="b-") == ["b-1"]
        assert wanted(api, run, prefix="b-", limit=10) == ["b-1", "b-2", "b-3"]
        assert wanted(api, run, prefix="b-", limit=10, exclude_keys=["b-1"]) == ["b-2", "b-3"]
        assert wanted(api, run, prefix="b-", limit=0) == []

    def test_takes_the_prefix_literally(self, api, run):
        give(api, run, "100%-x")
        give(api, run, "100x-x")

        assert wanted(api, run, prefix="100%", limit=10) == ["100%-x"]

    def test_tells_who_sent_it(self, api, run):
        give(api, run, "a", sender="prefect.flow-run.x")

        [found] = api.post(f"/flow_runs/{run.pk}/input/filter", {"prefix": ""}).json()

        assert (found["flow_run_id"], found["value"], found["sender"]) == (str(run.pk), "text", "prefect.flow-run.x")

    def test_needs_a_prefix(self, api, run):
        assert api.post(f"/flow_runs/{run.pk}/input/filter", {}).status_code == 422


class TestResuming:
    @pytest.mark.parametrize(
        ("details", "becomes"), [({}, "Running"), ({"pause_reschedule": True}, "Resuming")], ids=["paused", "suspended"]
    )
    def test_stores_the_input_that_fits(self, api, db, details, becomes):
        run = paused(**details)
        give(api, run, KEYS["schema"], json.dumps(SCHEMA))

        response = resume(api, run, age=5)

        assert (response.status_code, response.json()["status"]) == (201, "ACCEPT")
        assert response.json()["state"]["name"] == becomes
        assert answered(api, run) == {"age": 5}

    @pytest.mark.parametrize(
        ("run_input", "word"), [({"age": "five"}, "age"), ({}, "age")], ids=["another type", "missing"]
    )
    def test_is_rejected_with_input_that_does_not_fit(self, api, db, run_input, word):
        run = paused()
        give(api, run, KEYS["schema"], json.dumps(SCHEMA))

        response = resume(api, run, **run_input)

        assert (response.status_code, response.json()["status"]) == (200, "REJECT")
        assert response.json()["state"]["type"] == "PAUSED"
        assert word in response.json()["details"]["reason"]
        assert wanted(api, run, prefix=KEYS["response"]) == []

    @pytest.mark.parametrize("schema", [None, "{"], ids=["missing", "no JSON"])
    def test_is_rejected_without_a_usable_schema(self, api, db, schema):
        run = paused()
        if schema is not None:
            give(api, run, KEYS["schema"], schema)

        assert resume(api, run, age=5).json()["status"] == "REJECT"

    def test_reads_variables_into_the_input(self, api, db):
        run = paused()
        give(api, run, KEYS["schema"], json.dumps(SCHEMA))
        Variable.objects.create(name="age", value=7)

        response = resume(api, run, age={"__prefect_kind": "workspace_variable", "variable_name": "age"})

        assert response.json()["status"] == "ACCEPT"
        assert answered(api, run) == {"age": 7}

    def test_is_rejected_with_a_variable_that_does_not_exist(self, api, db):
        run = paused()
        give(api, run, KEYS["schema"], json.dumps(SCHEMA))

        response = resume(api, run, age={"__prefect_kind": "workspace_variable", "variable_name": "gone"})

        assert (response.json()["status"], response.json()["state"]["type"]) == ("REJECT", "PAUSED")

    def test_is_aborted_without_a_state_when_nothing_is_paused(self, api, run):
        response = resume(api, run, age=5)

        assert (response.status_code, response.json()["status"], response.json()["state"]) == (200, "ABORT", None)

    def test_needs_no_input_where_none_is_awaited(self, api, db):
        run = make_flow_run(state="PAUSED")

        assert resume(api, run, age=5).json()["status"] == "ACCEPT"
        assert wanted(api, run, prefix="") == []
