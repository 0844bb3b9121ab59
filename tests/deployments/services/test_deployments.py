"""Deployments: applied, changed, run."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deployments.errors import InvalidParameters, ParentNotFound, WorkPoolNotFound
from deployments.models import Deployment
from deployments.services.deployment_runs import create_deployment_run
from deployments.services.deployments import apply_deployment, delete_deployment, update_deployment
from deployments.services.work_pools import create_work_pool
from runs.models import FlowRun
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


def test_is_one_however_often_it_is_applied(flow):
    first, created = apply_deployment(flow_id=flow.pk, name="daily", changes={"version": "1"})
    second, created_again = apply_deployment(flow_id=flow.pk, name="daily", changes={"version": "2"})

    assert (created, created_again) == (True, False)
    assert Deployment.objects.get().version == "2"
    assert first.pk == second.pk


def test_keeps_what_is_not_mentioned(flow):
    deploy(flow, description="long", tags=["a"])

    assert deploy(flow, tags=["b"]).description == "long"


def test_goes_to_the_default_queue_of_its_pool(flow):
    pool = create_work_pool(name="local", type="celery")

    assert deploy(flow, work_pool_name="local").work_queue == pool.default_queue


def test_makes_the_queue_that_it_names(flow):
    create_work_pool(name="local", type="celery")

    queue = deploy(flow, work_pool_name="local", work_queue_name="high").work_queue

    assert (queue.name, queue.priority) == ("high", 2)


def test_needs_a_pool_that_exists(flow):
    with pytest.raises(WorkPoolNotFound, match="nowhere"):
        deploy(flow, work_pool_name="nowhere")

    assert not Deployment.objects.exists()


def test_needs_a_flow_that_exists():
    with pytest.raises(ParentNotFound):
        apply_deployment(flow_id=uuid4(), name="daily", changes={})


def test_leaves_its_past_runs_behind_when_it_is_deleted(flow):
    deployment = deploy(flow)
    create_deployment_run(deployment_id=deployment.pk)
    past, _ = create_deployment_run(deployment_id=deployment.pk)
    FlowRun.objects.filter(pk=past.pk).update(state_type="COMPLETED")

    delete_deployment(deployment_id=deployment.pk)

    assert list(FlowRun.objects.values_list("pk", "deployment_id")) == [(past.pk, deployment.pk)]


def test_checks_changed_parameters_without_asking_for_missing_ones(flow):
    deployment = deploy(flow, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)

    assert update_deployment(deployment_id=deployment.pk, changes={"parameters": {}}).parameters == {}
    with pytest.raises(InvalidParameters):
        update_deployment(deployment_id=deployment.pk, changes={"parameters": {"n": "many"}})
