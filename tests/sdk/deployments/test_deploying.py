from __future__ import annotations

import asyncio
import os
from datetime import datetime
from typing import Literal

import pytest

from orchestrator import DeploymentError, MissingContext, deploy, flow, run_deployment
from orchestrator.sdk.errors import FlowNotFound
from orchestrator.sdk.type_hints.parameter_schemas import parameter_schema


@flow(name="deployed flow")
def deployed(x: int, who: str = "world") -> None:
    """Says hello."""


def test_creates_the_deployment(api):
    deployment_id = deployed.deploy("daily", parameters={"x": 1}, tags=["t"])

    made = api.deployments["daily"]
    assert deployment_id == made["id"]
    assert made["flow_id"] == api.flows["deployed flow"]["id"]
    assert made["work_pool_name"] == "default"
    assert made["entrypoint"].endswith("test_deploying.py:deployed")
    assert os.path.isfile(os.path.join(made["path"], made["entrypoint"].partition(":")[0]))
    assert made["description"] == "Says hello."
    assert made["parameter_openapi_schema"]["required"] == ["x"]


def test_needs_a_server():
    with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
        deployed.deploy("daily")


@pytest.mark.parametrize(
    ("options", "paused"),
    [
        ({}, None),
        ({"is_schedule_active": True}, False),
        ({"is_schedule_active": False}, True),
        ({"is_schedule_active": False, "paused": True}, True),
    ],
)
def test_says_whether_schedules_plan_runs(options, paused):
    assert deployed.to_deployment("daily", **options).body().get("paused") == paused


def test_takes_what_says_nothing_new():
    body = deployed.to_deployment("d", tags=None, triggers=[], version="1", version_type="prefect:simple").body()

    assert (body["tags"], body["version"]) == ([], "1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"_sla": [object()]}, "_sla= says nothing here"),
        ({"version_type": "vcs:git"}, "only prefect:simple"),
        ({"is_schedule_active": True, "paused": True}, "contradict"),
        ({"entrypoint_type": "FILE_PATH", "path": "/srv", "entrypoint": "a.py:f"}, "path and entrypoint are given"),
        ({"tags": "one"}, "tags"),
        ({"entrypoint_type": "zip"}, "EntrypointType.FILE_PATH and EntrypointType.MODULE_PATH"),
    ],
)
def test_refuses_what_would_have_no_effect(options, said):
    with pytest.raises(DeploymentError, match=said):
        deployed.to_deployment("daily", **options)


def test_expects_code_where_an_image_begins(api):
    with pytest.raises(DeploymentError, match="path= says nothing beside image="):
        deployed.deploy("daily", image="me/img:1", path="/srv", build=False, push=False)


def test_makes_several_where_the_server_takes_one_at_a_time(api, capsys):
    ids = deploy(deployed.to_deployment("a"), deployed.to_deployment("b", work_pool_name="other"), work_pool_name="p")

    assert ids == [api.deployments["a"]["id"], api.deployments["b"]["id"]]
    assert [api.deployments[name]["work_pool_name"] for name in ("a", "b")] == ["p", "other"]
    assert "Deployed deployed flow/b to work pool 'other'" in capsys.readouterr().out


def test_makes_several_in_async_code(api):
    async def main():
        return await deploy(await deployed.to_deployment("a"), print_next_steps_message=False)

    assert asyncio.run(main()) == [api.deployments["a"]["id"]]


def test_needs_something_to_make(api):
    with pytest.raises(DeploymentError, match="at least one deployment"):
        deploy()


def test_refuses_a_flow_that_is_in_no_file(api):
    space: dict = {}
    exec("from orchestrator import flow\n@flow\ndef nowhere(): pass\n", space)

    with pytest.raises(FlowNotFound, match="give entrypoint and path"):
        space["nowhere"].deploy("daily")


def test_runs_a_deployment_and_waits(api):
    deployed.deploy("daily")

    run = run_deployment("deployed%20flow/daily".replace("%20", " "), parameters={"x": 5})

    assert run["state"]["type"] == "COMPLETED"
    assert run["parameters"] == {"x": 5}


def test_describes_parameters_as_a_schema():
    def function(a, b: int, c: float = 0.5, d: str | None = None, e: list[str] = (), *rest, when: datetime, **more):
        return None

    schema = parameter_schema(function)

    assert schema == {
        "title": "Parameters",
        "type": "object",
        "required": ["a", "b", "when"],
        "properties": {
            "a": {"position": 0, "title": "a"},
            "b": {"position": 1, "title": "b", "type": "integer"},
            "c": {"position": 2, "title": "c", "type": "number", "default": 0.5},
            "d": {"position": 3, "title": "d", "anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "e": {"position": 4, "title": "e", "type": "array", "items": {"type": "string"}, "default": []},
            "when": {"position": 6, "title": "when", "type": "string", "format": "date-time"},
        },
    }


# annotation -> its schema
TYPES = [
    (bool, {"type": "boolean"}),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
    (object, {}),
]


@pytest.mark.parametrize(("annotation", "expected"), TYPES)
def test_knows_common_types(annotation, expected):
    def function(x): ...

    function.__annotations__ = {"x": annotation}

    assert parameter_schema(function)["properties"]["x"] == {"position": 0, "title": "x", **expected}
