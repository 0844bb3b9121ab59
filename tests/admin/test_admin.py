"""The admin: everything can be found and read, and nobody rewrites history."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from deployments.models import DeploymentSchedule, DeploymentVersion
from orchestrator.accounts.csrf import issue_csrf_token
from orchestrator.accounts.models import ApiKey, digest_of, make_key
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import now
from orchestrator.dashboard.models import Snooze
from orchestrator.events.emit import emit
from orchestrator.events.models import Asset, AssetSource
from orchestrator.pages.models import SavedView
from runs.models import (
    CachedState,
    ChangedHour,
    Claim,
    ConcurrencyLease,
    ConcurrencyLimit,
    ConcurrencySlot,
    FlowRun,
    FlowRunInput,
    FlowRunState,
    Heartbeat,
    HourCount,
    KnownError,
    Leftover,
    Log,
    QueuedTaskRun,
    Rescue,
    RetentionReport,
    SavedSearch,
    SlotWait,
    StateDeadline,
    TaskRun,
    TaskRunState,
    TaskRunTag,
    TaskSubscription,
)
from runs.services.artifacts import create_artifact
from runs.services.bulk.asking import start_bulk_action
from tests.factories import make_deployment, make_flow_run, make_logs, make_task_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db
OURS = ("runs", "deployments", "events", "accounts", "periodic", "pages", "dashboard")
HISTORY = (FlowRun, FlowRunState, TaskRun, TaskRunState, Log, Claim)
MOST_QUERIES = 12


def registered():
    return [model for model in admin.site._registry if model._meta.app_label in OURS]


def address_of(model, page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.fixture
def rows(admin_user):
    """Three of everything."""
    for number in range(3):
        pool = make_work_pool()
        make_worker(pool)
        deployment = make_deployment(pool=pool)
        DeploymentSchedule.objects.create(deployment=deployment, schedule={"cron": "@daily"}, slug="daily")
        DeploymentVersion.objects.create(deployment=deployment, number=1, content={})
        history = [State(StateType.SCHEDULED, timestamp=now())]
        run = make_flow_run(
            "FAILED", deployment=deployment, work_queue=pool.default_queue, tags=["prod"], history=history
        )
        task = make_task_run("COMPLETED", flow_run=run)
        TaskRunTag.objects.create(task_run=task, tag="prod")
        make_logs(task, "<b>a line</b>", level=40)
        Claim.objects.create(flow_run=run, attempt=1, worker_name="w", claimed_at=now(), lease_expires_at=now())
        limit = ConcurrencyLimit.objects.create(name=f"limit-{number}", limit=1)
        lease = ConcurrencyLease.objects.create(flow_run=run, holder_type="flow_run", holder_id=run.pk)
        ConcurrencySlot.objects.create(limit=limit, lease=lease, slots=1)
        moments = dict.fromkeys(("since", "asked_at", "again_at", "until"), now())
        SlotWait.objects.create(limit=limit, holder_type="flow_run", holder_id=run.pk, slots=1, **moments)
        create_artifact(columns={"key": f"report-{number}", "type": "markdown", "flow_run_id": run.id})
        SavedSearch.objects.create(name=f"search-{number}")
        StateDeadline.objects.create(flow_run=run, state_id=run.state_id, kind="PAUSE", at=now())
        FlowRunInput.objects.create(flow_run=run, key=f"answer-{number}", value="1")
        worker = TaskSubscription.objects.create(client_id=f"host-{number}", lease_expires_at=now())
        QueuedTaskRun.objects.create(task_run=task, task_key=task.task_key, holder=worker)
        CachedState.objects.create(key_digest=f"digest-{number}", state_id=task.state_id)
        Heartbeat.objects.create(flow_run=run, last_at=now(), silent_after=now())
        Rescue.objects.create(flow_run=run, last_at=now())
        HourCount.objects.create(kind="task-runs", hour=now() - timedelta(hours=number), counted_at=now())
        ChangedHour.objects.create(kind="task-runs", hour=now() - timedelta(hours=number))
        RetentionReport.objects.create(at=now(), duration_seconds=0.1, counts={"events": 500})
        action = start_bulk_action(deed="retry", run_ids=[run.pk], asked_by=admin_user)
        assert action.total == 1
        KnownError.objects.create(fingerprint=f"{number}", note="It is known.")
        SavedView.objects.create(list_kind="runs", name=f"view-{number}", owner=admin_user)
        Snooze.objects.create(key=f"cause-{number}", until=now())
        source = Asset.objects.create(key=f"s3://lake/source-{number}", mentioned_at=now())
        asset = Asset.objects.create(key=f"s3://lake/{number}", mentioned_at=now(), made_at=now())
        AssetSource.objects.create(asset=asset, source=source, last_at=now())
        Leftover.objects.create(kind="flow-run", run_id=run.pk, deleted_at=now(), due_at=now())
        ApiKey.objects.create(name=f"key-{number}", user=admin_user, digest=digest_of(make_key()))
        issue_csrf_token(client=f"client-{number}")
        emit(
            event="prefect.flow-run.Failed",
            resource={"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name},
            related=[{"prefect.resource.id": f"prefect.flow.{run.flow_id}", "prefect.resource.role": "flow"}],
        )


def test_knows_every_model():
    models = {model for label in OURS for model in apps.get_app_config(label).get_models()}

    assert models <= set(admin.site._registry)


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label)
def test_lists_and_opens_every_model_with_a_bounded_number_of_queries(
    admin_client, rows, model, django_assert_max_num_queries
):
    with django_assert_max_num_queries(MOST_QUERIES):
        listed = admin_client.get(address_of(model, "changelist"))

    assert listed.status_code == 200
    assert listed.context["cl"].result_list
    with django_assert_max_num_queries(MOST_QUERIES + 8):
        opened = admin_client.get(address_of(model, "change", model._default_manager.first().pk))
    assert opened.status_code == 200
    for page in (listed, opened):
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
        assert refused_by_browsers(page.content.decode()) == []


def refused_by_browsers(page: str) -> list[str]:
    """What stands in a page and is not executed or shown, because only files of this server are."""
    scripts = r'<script(?![^>]*\b(?:src=|type="application/json"))[^>]*>'
    return re.findall(rf'{scripts}|<style[^>]*>|<[a-z][^>]*\s(?:style|on[a-z]+)="[^"]*"', page)


def test_needs_no_script_in_the_page_of_a_row_for_beat(admin_client):
    row = PeriodicTask.objects.get(task="services.retention")

    page = admin_client.get(f"/admin/django_celery_beat/periodictask/{row.pk}/change/").content.decode()

    assert refused_by_browsers(page) == []


@pytest.mark.parametrize("model", registered(), ids=lambda model: model._meta.label)
@pytest.mark.parametrize("term", ["nothing", "01a1fb78-8dfb-74d4-ad4b-7c6e40ccf8b4"])
def test_searches_every_model(admin_client, rows, model, term):
    assert admin_client.get(address_of(model, "changelist"), {"q": term}).status_code == 200


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model.__name__)
def test_lets_nobody_rewrite_history(admin_client, rows, model):
    row = model.objects.first()

    assert admin_client.get(address_of(model, "add")).status_code == 403
    assert admin_client.post(address_of(model, "change", row.pk), {"name": "changed"}).status_code == 403
    assert admin_client.post(address_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert b'value="delete_selected"' not in admin_client.get(address_of(model, "changelist")).content


def test_finds_a_run_by_its_identifier(admin_client):
    run = make_flow_run("COMPLETED")
    make_flow_run("COMPLETED")

    listed = admin_client.get(address_of(FlowRun, "changelist"), {"q": str(run.id)})

    assert list(listed.context["cl"].result_list) == [run]


def test_colours_states(admin_client):
    make_flow_run("FAILED")

    assert (
        '<span class="badge tone-failed">Failed</span>'
        in admin_client.get(address_of(FlowRun, "changelist")).content.decode()
    )


@pytest.mark.parametrize("outcome", Claim.Outcome.values)
def test_tells_how_each_claim_ended(admin_client, outcome):
    at = now()
    Claim.objects.create(
        flow_run=make_flow_run("COMPLETED"), attempt=1, worker_name="w", claimed_at=at, lease_expires_at=at,
        ended_at=at, outcome=outcome,
    )  # fmt: skip

    assert Claim.Outcome(outcome).label in admin_client.get(address_of(Claim, "changelist")).content.decode()


def test_leads_to_the_pages_and_back(admin_client):
    run = make_flow_run("COMPLETED")
    task = make_task_run("COMPLETED", flow_run=run)

    assert f'href="/runs/flow-run/{run.id}"' in admin_client.get(address_of(FlowRun, "change", run.id)).content.decode()
    assert (
        f'href="/runs/task-run/{task.id}"' in admin_client.get(address_of(TaskRun, "change", task.id)).content.decode()
    )
    assert address_of(FlowRun, "change", run.id) in admin_client.get(f"/runs/flow-run/{run.id}").content.decode()


def test_shows_the_states_of_a_run_with_it(admin_client):
    run = make_flow_run("FAILED", history=[State(StateType.RUNNING, message="began well")])

    assert "began well" in admin_client.get(address_of(FlowRun, "change", run.id)).content.decode()


def test_leads_from_a_run_to_its_lines(admin_client):
    run = make_flow_run("COMPLETED")
    make_logs(run, "of this run")
    make_logs(make_flow_run("COMPLETED"), "of another run")

    listed = admin_client.get(address_of(Log, "changelist"), {"flow_run_id": str(run.id)}).content.decode()

    assert "of this run" in listed
    assert "of another run" not in listed


def test_leads_from_a_deployment_and_a_run_to_what_belongs_to_them(admin_client, rows):
    deployments = admin_client.get("/admin/deployments/deployment/").content.decode()
    run = FlowRun.objects.first()
    opened = admin_client.get(address_of(FlowRun, "change", run.pk)).content.decode()

    for pattern, body in ((r"/admin/runs/flowrun/\?[^\"]+", deployments), (r"/admin/runs/taskrun/\?[^\"]+", opened)):
        listed = admin_client.get(re.search(pattern, body)[0])
        assert listed.status_code == 200
        assert len(listed.context["cl"].result_list) == 1


def test_escapes_what_runs_logged(admin_client, rows):
    assert "<b>a line" not in admin_client.get(address_of(Log, "changelist")).content.decode()


def test_never_shows_the_digest_of_a_key(admin_client, rows):
    key = ApiKey.objects.first()

    listed = admin_client.get(address_of(ApiKey, "changelist")).content.decode()
    opened = admin_client.get(address_of(ApiKey, "change", key.pk)).content.decode()

    assert key.digest not in listed + opened


def test_keeps_what_changes_the_work_out_of_the_forms(admin_client, rows):
    deployment = make_deployment(description="old")

    address = address_of(type(deployment), "change", deployment.pk)
    described = {"description": "new", "tags": "[]", "catch_up_policy": "planned"}
    admin_client.post(address, {**described, "paused": "on", "entrypoint": "evil.py:f"})

    deployment.refresh_from_db()
    assert (deployment.description, deployment.paused, deployment.entrypoint) == ("new", False, "flow.py:main")


def test_changes_what_becomes_of_missed_runs(admin_client, rows):
    deployment = make_deployment()
    address = address_of(type(deployment), "change", deployment.pk)
    form = {"description": "", "tags": "[]", "catch_up_policy": "max_age"}

    refused = admin_client.post(address, form).content.decode()
    admin_client.post(address, {**form, "catch_up_max_age_seconds": "3600"})

    deployment.refresh_from_db()
    assert "Seconds belong to the policy max_age" in refused
    assert (deployment.catch_up_policy, deployment.catch_up_max_age_seconds) == ("max_age", 3600.0)
    assert deployment.versions.newest_first()[0].author == "admin"


def test_plans_anew_what_is_changed(admin_client, rows):
    deployment = make_deployment()
    schedule = DeploymentSchedule.objects.create(
        deployment=deployment, schedule={"cron": "@daily"}, plan_at=None, problem="It is broken."
    )

    listed = admin_client.get(address_of(DeploymentSchedule, "changelist")).content.decode()
    form = {"description": "", "tags": '["new"]', "catch_up_policy": "planned"}
    admin_client.post(address_of(type(deployment), "change", deployment.pk), form)

    schedule.refresh_from_db()
    assert "It is broken." in listed
    assert schedule.plan_at is not None


def test_shows_the_row_of_a_service_for_beat(admin_client):
    row = PeriodicTask.objects.get(task="services.late_runs")

    opened = admin_client.get(f"/admin/django_celery_beat/periodictask/{row.pk}/change/").content.decode()
    listed = admin_client.get("/admin/periodic/servicerecord/").content.decode()

    assert 'name="task" value="services.late_runs"' in opened
    assert '<option value="services.late_runs">' in opened
    assert "/admin/django_celery_beat/periodictask/?task__exact=services.late_runs" in listed
    assert (
        admin_client.get("/admin/django_celery_beat/periodictask/", {"task__exact": "services.late_runs"}).status_code
        == 200
    )
