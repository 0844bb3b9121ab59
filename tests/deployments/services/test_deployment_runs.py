"""Runs of a deployment that somebody asks for."""

from __future__ import annotations

from time import sleep
from uuid import uuid4

import pytest
from django.db import transaction

from deployments.errors import DeploymentNotFound, InvalidParameters
from deployments.services import deployment_runs
from deployments.services.deployment_runs import RunRequest, create_deployment_run, create_deployment_runs
from deployments.services.deployments import apply_deployment
from orchestrator.store.services import hydration
from runs.services.flows import get_or_create_flow

pytestmark = pytest.mark.django_db

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def flow():
    flow, _ = get_or_create_flow(name="analysis", labels={"team": "data"})
    return flow


def deploy(flow, **changes):
    deployment, _ = apply_deployment(flow_id=flow.pk, name="daily", changes=changes)
    return deployment


def test_is_scheduled_for_now(flow):
    run, _ = create_deployment_run(deployment_id=deploy(flow).pk)

    assert (run.state_type, run.state_name) == ("SCHEDULED", "Scheduled")
    assert run.next_scheduled_start_time is not None


def test_overlays_parameters_and_adds_tags(flow):
    deployment = deploy(flow, parameters={"a": 1, "b": 1}, tags=["x"])

    run, _ = create_deployment_run(deployment_id=deployment.pk, request=RunRequest(parameters={"b": 2}, tags=["y"]))

    assert run.parameters == {"a": 1, "b": 2}
    assert run.tags == ["x", "y"]


def test_carries_the_labels_of_flow_and_deployment(flow):
    deployment = deploy(flow)

    run, _ = create_deployment_run(deployment_id=deployment.pk, request=RunRequest(labels={"mine": "1"}))

    assert run.labels == {
        "team": "data",
        "prefect.flow.id": str(flow.pk),
        "prefect.deployment.id": str(deployment.pk),
        "mine": "1",
    }


@pytest.mark.parametrize(
    ("enforce", "parameters", "message"),
    [
        (True, {"n": "many"}, "'n'"),  # the message names the parameter
        (True, {}, "'n' is a required property"),
    ],
)
def test_refuses_parameters_that_do_not_fit_the_schema(flow, enforce, parameters, message):
    deployment = deploy(flow, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=enforce)

    with pytest.raises(InvalidParameters, match=message):
        create_deployment_run(deployment_id=deployment.pk, request=RunRequest(parameters=parameters))


def test_takes_any_parameters_when_the_schema_is_not_enforced(flow):
    deployment = deploy(flow, parameter_openapi_schema=SCHEMA)

    run, _ = create_deployment_run(deployment_id=deployment.pk, request=RunRequest(parameters={"n": "many"}))

    assert run.parameters == {"n": "many"}


def test_needs_a_deployment_that_exists():
    with pytest.raises(DeploymentNotFound):
        create_deployment_run(deployment_id=uuid4())


def test_fills_in_the_templates_of_many_runs_before_it_keeps_others_from_writing(flow, monkeypatch):
    deployment = deploy(flow)
    outside = len(transaction.get_connection().savepoint_ids)
    depths = []

    def render(template, values, *, seconds):
        depths.append(len(transaction.get_connection().savepoint_ids) - outside)
        sleep(0.03)
        return "text"

    monkeypatch.setattr(hydration, "render_template", render)
    monkeypatch.setattr(deployment_runs, "SECONDS_OF_TEMPLATES", 0.05)
    request = RunRequest(parameters={"a": {"__prefect_kind": "jinja", "template": "{{ 1 }}"}})

    outcomes = create_deployment_runs(deployment_id=deployment.pk, requests=[request] * 20)

    assert set(depths) == {0}
    assert outcomes[0].run.parameters == {"a": "text"}
    assert outcomes[-1].error == "The templates of the runs before it took too long."
