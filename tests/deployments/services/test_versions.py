"""The history of a deployment, and the way back."""

from __future__ import annotations

import random

import pytest

from deployments.errors import CannotRestore, DeploymentNotFound, VersionNotFound
from deployments.models import Deployment, DeploymentSchedule, DeploymentVersion
from deployments.services.concurrency import own_limit_name
from deployments.services.deployments import (
    apply_deployment,
    delete_deployment,
    pause_deployment,
    update_deployment,
)
from deployments.services.rollback import restore_version
from deployments.services.schedules import add_schedules, delete_schedule, update_schedule
from deployments.services.versions import COLUMNS, content_of, differences, get_version
from deployments.services.work_pools import create_work_pool, delete_work_pool
from orchestrator.contract.ids import uuid7
from runs.models import ConcurrencyLimit, FlowRun
from runs.services.flows import get_or_create_flow
from tests.factories import make_deployment

pytestmark = pytest.mark.django_db

HOURLY = {"interval": 3600.0, "anchor_date": "2026-01-01T00:00:00+00:00", "timezone": "UTC"}
NIGHTLY = {"cron": "0 2 * * *", "timezone": "Europe/Paris", "day_or": True}


@pytest.fixture
def flow():
    flow, _ = get_or_create_flow(name="analysis")
    return flow


def deploy(flow, schedules=(), **changes):
    deployment, _ = apply_deployment(flow_id=flow.pk, name="daily", changes=changes, schedules=schedules)
    return deployment


def numbers(deployment):
    return list(
        DeploymentVersion.objects.filter(deployment=deployment).values_list("number", flat=True).order_by("-number")
    )


def rows_of(deployment):
    """What the tables hold, apart from identifiers and times of rows that were written anew."""
    row = Deployment.objects.filter(pk=deployment.pk).values(*COLUMNS, "work_queue", "paused").get()
    schedules = DeploymentSchedule.objects.filter(deployment=deployment)
    kept = [(one.slug, one.schedule, one.active, one.parameters, one.max_scheduled_runs) for one in schedules]
    limit = ConcurrencyLimit.objects.filter(name=own_limit_name(deployment.pk)).values_list("limit", flat=True).first()
    return row, sorted(kept, key=repr), limit


def test_begins_with_the_deployment(flow):
    deployment = deploy(flow, version="1.0", tags=["a"])

    (version,) = DeploymentVersion.objects.filter(deployment=deployment)
    assert (version.number, version.version, version.content["tags"]) == (1, "1.0", ["a"])


def test_adds_nothing_when_the_same_is_deployed_again(flow):
    create_work_pool(name="local", type="celery")
    same = {"tags": ["a"], "parameters": {"x": 1.0, "y": 1e16}, "work_pool_name": "local", "concurrency_limit": 2}
    for _ in range(3):
        deployment = deploy(flow, [{"schedule": HOURLY, "slug": "h"}, {"schedule": NIGHTLY}], **same)

    assert numbers(deployment) == [1]


def test_says_what_changed(flow):
    deployment = deploy(flow, version="1", tags=["a"])

    deploy(flow, version="2", tags=["a"], parameters={"x": 1})

    assert get_version(deployment_id=deployment.pk, number=2).changed == ["parameters", "version"]


@pytest.mark.parametrize(
    "change",
    [
        {"tags": ["b"]},
        {"parameters": {"x": 2}},
        {"job_variables": {"env": {}}},
        {"concurrency_limit": 3},
        {"work_pool_name": "local"},
        {"description": "long"},
    ],
)
def test_is_written_with_every_change(flow, change):
    create_work_pool(name="local", type="celery")
    deployment = deploy(flow)

    update_deployment(deployment_id=deployment.pk, changes=change)

    assert numbers(deployment) == [2, 1]


def test_is_written_with_every_change_of_schedules(flow):
    deployment = deploy(flow)

    (schedule,) = add_schedules(deployment_id=deployment.pk, schedules=[{"schedule": HOURLY}])
    update_schedule(deployment_id=deployment.pk, schedule_id=schedule.pk, changes={"active": False})
    delete_schedule(deployment_id=deployment.pk, schedule_id=schedule.pk)

    assert numbers(deployment) == [4, 3, 2, 1]


def test_leaves_out_whether_the_deployment_is_paused(flow):
    deployment = deploy(flow)

    pause_deployment(deployment_id=deployment.pk)
    update_deployment(deployment_id=deployment.pk, changes={"paused": False})

    assert numbers(deployment) == [1]


def test_is_written_when_the_same_comes_from_another_revision(flow):
    deployment = deploy(flow)
    info = {"type": "vcs:git", "version": "abc", "commit_sha": "abc"}

    apply_deployment(flow_id=flow.pk, name="daily", changes={}, version_info=info)
    apply_deployment(flow_id=flow.pk, name="daily", changes={}, version_info=info)

    assert numbers(deployment) == [2, 1]
    assert get_version(deployment_id=deployment.pk, number=2).version_info == info


def test_keeps_what_a_deployment_was_before_there_was_a_history(flow):
    deployment = make_deployment(flow, tags=["old"])

    update_deployment(deployment_id=deployment.pk, changes={"tags": ["new"]})

    assert get_version(deployment_id=deployment.pk, number=1).content["tags"] == ["old"]
    assert get_version(deployment_id=deployment.pk, number=2).content["tags"] == ["new"]


def test_is_not_written_by_a_change_that_fails(flow):
    deployment = deploy(flow)

    with pytest.raises(Exception, match="nowhere"):
        update_deployment(deployment_id=deployment.pk, changes={"tags": ["x"], "work_pool_name": "nowhere"})

    assert numbers(deployment) == [1]


def test_goes_with_the_deployment(flow):
    deployment = deploy(flow)

    delete_deployment(deployment_id=deployment.pk)

    assert not DeploymentVersion.objects.exists()


def test_gives_back_schedules_limit_and_queue(flow):
    create_work_pool(name="local", type="celery")
    first = {"tags": ["a"], "concurrency_limit": 2, "work_pool_name": "local", "work_queue_name": "urgent"}
    deployment = deploy(flow, [{"schedule": HOURLY, "slug": "h", "parameters": {"x": 1}}], **first)
    before = rows_of(deployment)
    deploy(flow, [{"schedule": NIGHTLY}], tags=[], concurrency_limit=None, work_pool_name="local")

    version, is_new = restore_version(deployment_id=deployment.pk, number=1, author={"display_value": "ann"})

    assert rows_of(deployment) == before
    assert (version.number, version.restored_from, is_new, version.author) == (3, 1, True, "ann")


def test_leaves_a_deployment_alone_that_is_like_that_already(flow):
    deployment = deploy(flow, [{"schedule": HOURLY}])
    schedule = DeploymentSchedule.objects.get()

    version, is_new = restore_version(deployment_id=deployment.pk, number=1)

    assert (version.number, is_new) == (1, False)
    assert DeploymentSchedule.objects.get() == schedule


def test_keeps_the_slots_of_a_limit_that_stays(flow):
    deployment = deploy(flow, concurrency_limit=2, tags=["a"])
    limit = ConcurrencyLimit.objects.get()
    deploy(flow, concurrency_limit=2, tags=["b"])

    restore_version(deployment_id=deployment.pk, number=1)

    assert ConcurrencyLimit.objects.get() == limit


def test_forgets_what_was_planned(flow):
    from deployments.services.planned_runs import schedule_deployment_runs

    deployment = deploy(flow, [{"schedule": HOURLY}])
    deploy(flow, [{"schedule": NIGHTLY}])
    schedule_deployment_runs(deployment_id=deployment.pk)

    restore_version(deployment_id=deployment.pk, number=1)

    assert not FlowRun.objects.filter(deployment=deployment).exists()


def test_cannot_go_back_to_a_pool_that_is_gone(flow):
    create_work_pool(name="old", type="celery")
    create_work_pool(name="new", type="celery")
    deployment = deploy(flow, work_pool_name="old")
    deploy(flow, work_pool_name="new")
    delete_work_pool(name="old")
    before = rows_of(deployment)

    with pytest.raises(CannotRestore, match="work pool 'old' is gone"):
        restore_version(deployment_id=deployment.pk, number=1)

    assert rows_of(deployment) == before
    assert numbers(deployment) == [2, 1]


def test_cannot_go_back_to_a_shared_limit_that_is_gone(flow):
    limit = ConcurrencyLimit.objects.create(name="shared", limit=3)
    deployment = deploy(flow, global_concurrency_limit_id=limit.pk)
    deploy(flow, global_concurrency_limit_id=None)
    limit.delete()

    with pytest.raises(CannotRestore, match="limit that it shared is gone"):
        restore_version(deployment_id=deployment.pk, number=1)


def test_cannot_go_back_to_what_never_was(flow):
    deployment = deploy(flow)

    with pytest.raises(VersionNotFound, match="no version 9"):
        restore_version(deployment_id=deployment.pk, number=9)
    with pytest.raises(DeploymentNotFound):
        restore_version(deployment_id=uuid7(), number=1)


@pytest.mark.parametrize("seed", range(8))
def test_gives_back_the_same_rows_whatever_happened_since(flow, seed):
    chance = random.Random(seed)
    for name in ("a", "b"):
        create_work_pool(name=name, type="celery")
    deployment = deploy(flow)
    was = {1: rows_of(deployment)}
    for _ in range(12):
        _change_something(chance, flow, deployment)
        was[numbers(deployment)[0]] = rows_of(deployment)

    for number in chance.sample(sorted(was), min(5, len(was))):
        restore_version(deployment_id=deployment.pk, number=number)

        assert rows_of(deployment) == was[number]
        assert not differences(
            content_of(Deployment.objects.get(pk=deployment.pk)),
            get_version(deployment_id=deployment.pk, number=number).content,
        )


def _change_something(chance, flow, deployment):
    columns = {
        "version": chance.choice([None, "1", "2"]),
        "description": chance.choice([None, "", "ü"]),
        "tags": chance.sample(["a", "b", "c"], chance.randint(0, 3)),
        "entrypoint": chance.choice(["a.py:f", "b.py:g"]),
        "pull_steps": chance.choice([None, [], [{"step": {"x": 1}}]]),
        "parameters": {"n": chance.choice([1, 2.5, None, "x", [1, {"a": None}]])},
        "job_variables": chance.choice([{}, {"env": {"A": "1"}}]),
        "concurrency_limit": chance.choice([None, 1, 5]),
        "concurrency_options": chance.choice([None, {"collision_strategy": "CANCEL_NEW"}]),
        "work_pool_name": chance.choice(["a", "b"]),
        "work_queue_name": chance.choice(["default", "urgent"]),
    }
    given = {key: columns[key] for key in chance.sample(sorted(columns), chance.randint(1, 5))}
    if "work_queue_name" in given:
        given["work_pool_name"] = columns["work_pool_name"]
    slugs = chance.sample(["x", "y", "z"], chance.randint(0, 3))
    schedules = [
        {"schedule": chance.choice([HOURLY, NIGHTLY]), "slug": slug, "active": chance.random() < 0.5} for slug in slugs
    ]
    if chance.random() < 0.5:
        apply_deployment(flow_id=flow.pk, name="daily", changes=given, schedules=schedules)
    else:
        update_deployment(deployment_id=deployment.pk, changes=given)
