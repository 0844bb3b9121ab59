"""Built flows as workers and deployments see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator import Flow, task
from orchestrator.sdk.errors import FlowNotFound
from orchestrator.sdk.flows.claimed_runs import run_claimed_flow
from orchestrator.sdk.flows.loading import load_flow

SCRIPT = """
from orchestrator import Cron, Flow, Parameter, task


@task
def double(n):
    return n * 2


with Flow("etl", schedule=Cron("0 6 * * *")) as nightly:
    double(Parameter("n", default=1))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "etl.py"
    path.write_text(SCRIPT)
    return path


def test_is_loaded_by_the_name_of_its_variable(script):
    loaded = load_flow(f"{script}:nightly")

    assert loaded.name == "etl"
    assert loaded(n=4) == {"double": 8}


def test_is_deployed_under_that_name(script):
    described = load_flow(f"{script}:nightly").to_deployment("nightly")

    assert (described.path, described.entrypoint) == (str(script.parent), "etl.py:nightly")
    assert described.body()["parameter_openapi_schema"]["properties"]["n"]["default"] == 1


def test_brings_its_schedule(script):
    described = load_flow(f"{script}:nightly").to_deployment("nightly")

    assert [each["schedule"]["cron"] for each in described.schedules] == ["0 6 * * *"]


def test_executes_the_run_that_a_worker_took(api, script):
    run = api.add_pending_run(parameters={"n": 5})

    state = run_claimed_flow(load_flow(f"{script}:nightly"), flow_run=run, claim_id="claim-1")

    assert state.result() == {"double": 10}
    assert api.state_names() == ["Pending", "Running", "Completed"]


def test_is_registered_under_the_name_of_the_project(api, script):
    loaded = load_flow(f"{script}:nightly")

    loaded.register("reports", labels=["north"], set_schedule_active=False, no_url=True)

    (body,) = [json.loads(request.body) for request in api.requests if request.path == "/deployments/"]
    assert (body["name"], body["tags"], body["paused"]) == ("reports", ["north"], True)


def test_says_where_it_must_be_to_be_deployed():
    with Flow("local") as built:
        _nothing()

    with pytest.raises(FlowNotFound, match="in no variable of a module"):
        built.to_deployment("local")


@task
def _nothing():
    return None


"""
"""
