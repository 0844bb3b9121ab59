"""What can be done in the admin: over the services, after a question, with a reason that is kept."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from automations.models import Automation
from deployments.models import Deployment, DeploymentSchedule, WorkPool
from orchestrator.accounts.models import ApiKey, digest_of, make_key
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.events.models import Event
from orchestrator.periodic.models import ServiceRecord
from runs.models import Artifact, BulkAction, ConcurrencyLease, ConcurrencyLimit, ConcurrencySlot, FlowRun
from runs.services.artifacts import create_artifact
from runs.services.bulk.asking import start_bulk_action
from runs.services.bulk.working import work_on_bulk_actions
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool

pytestmark = pytest.mark.django_db
LISTS = ("runs_flowrun", "deployments_deployment", "deployments_workpool", "runs_concurrencylimit", "accounts_apikey")


def reasons() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def last_event() -> str:
    return Event.objects.latest("sequence").event


def test_asks_before_it_retries_and_says_what_it_passes_over(act):
    deployment = make_deployment()
    failed, done = make_flow_run("FAILED", deployment=deployment), make_flow_run("COMPLETED", deployment=deployment)

    page = act("retry", failed, done, confirmed=False).content.decode()

    assert failed.name in page
    assert "Passed over: it is completed" in page
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize(
    ("action", "before", "after", "fields"),
    [
        ("retry", "FAILED", "SCHEDULED", {}),
        ("cancel", "SCHEDULED", "CANCELLED", {}),
        ("set_state", "FAILED", "COMPLETED", {"choice": "COMPLETED"}),
    ],
)
def test_changes_runs_in_the_background(act, action, before, after, fields):
    run = make_flow_run(before, deployment=make_deployment())

    page = act(action, run, reason="by hand", **fields).content.decode()

    asked_for = BulkAction.objects.get()
    assert f'href="/runs/bulk/{asked_for.pk}"' in page
    assert (asked_for.reason, asked_for.asked_by_name) == ("by hand", "admin")
    assert "by hand" in reasons()[0]
    while work_on_bulk_actions() and BulkAction.objects.under_way().exists():
        pass
    assert FlowRun.objects.get().state_type == after


def test_hands_a_thousand_runs_to_the_background_job(admin_client):
    """ADM-3: an action on 1,000 runs uses the background job."""
    flow = make_flow()
    FlowRun.objects.bulk_create([FlowRun(flow=flow, name=f"run-{number}") for number in range(1000)])
    first = FlowRun.objects.latest("id")
    address = reverse("admin:runs_flowrun_changelist")
    sent = {"action": "cancel", "_selected_action": [str(first.pk)], "select_across": "1"}

    page = admin_client.post(address, sent).content.decode()
    assert '<input type="hidden" name="select_across" value="1">' in page
    assert "1,000" in page
    admin_client.post(address, {**sent, "confirmed": "1"})

    asked_for = BulkAction.objects.get()
    assert (asked_for.total, asked_for.done) == (1000, 0)


def test_sets_no_state_that_was_not_chosen(act):
    run = make_flow_run("FAILED")

    assert "No state was chosen" in act("set_state", run, choice="RUNNING").content.decode()
    assert not BulkAction.objects.exists()


def test_stops_a_bulk_action(act):
    action = start_bulk_action(deed="cancel", run_ids=[make_flow_run("SCHEDULED").pk])

    act("stop", action)

    action.refresh_from_db()
    assert (action.is_stopped, action.stopped_by) == (True, "admin")


def test_pauses_and_resumes_deployments(act):
    deployment = make_deployment()

    act("pause", deployment, reason="the source is down")
    deployment.refresh_from_db()
    assert (deployment.paused, deployment.paused_by["display_value"]) == (True, "admin")
    act("resume", deployment)
    deployment.refresh_from_db()
    assert not deployment.paused
    assert reasons() == ["Paused: the source is down", "Resumed."]


def test_runs_a_deployment_now(act):
    deployment = make_deployment()

    act("run_now", deployment)

    run = FlowRun.objects.get()
    assert (run.deployment, run.state_type, run.created_by["display_value"]) == (deployment, "SCHEDULED", "admin")


def test_counts_what_hangs_on_a_deployment_before_it_deletes_it(act):
    deployment = make_deployment()
    DeploymentSchedule.objects.create(deployment=deployment, schedule={"cron": "@daily"})
    make_flow_run("RUNNING", deployment=deployment)

    page = act("delete", deployment, confirmed=False).content.decode()
    assert re.findall(r"<th scope=\"row\">([^<]+)</th><td>([^<]+)</td>", page) == [
        ("Deployments", "1"),
        ("Their schedules, which go with them", "1"),
        ("Their versions, which go with them", "0"),
        ("Runs that have not ended", "1"),
    ]
    act("delete", deployment, reason="unused")

    assert not Deployment.objects.exists()
    assert reasons() == ["Deleted: unused"]


def test_switches_schedules_off_and_on(act):
    schedule = DeploymentSchedule.objects.create(deployment=make_deployment(), schedule={"cron": "@daily"})

    for action, active in (("switch_off", False), ("switch_on", True)):
        act(action, schedule)
        schedule.refresh_from_db()
        assert schedule.active is active


def test_pauses_and_resumes_pools_and_queues(act):
    pool = make_work_pool()

    for row in (pool, pool.default_queue):
        for action, paused in (("pause", True), ("resume", False)):
            act(action, row)
            row.refresh_from_db()
            assert row.is_paused is paused


def test_deletes_pools_but_says_why_not_those_that_are_reserved(act):
    pool, reserved = make_work_pool("own"), make_work_pool("prefect-managed")

    page = act("delete", pool, reserved).content.decode()

    assert WorkPool.objects.filter(name__in=["own", "prefect-managed"]).get() == reserved
    assert "reserved for internal use" in page


def test_releases_the_slots_of_a_limit(act):
    limit = ConcurrencyLimit.objects.create(name="database", limit=1)
    run = make_flow_run("RUNNING")
    lease = ConcurrencyLease.objects.create(flow_run=run, holder_type="flow_run", holder_id=run.pk)
    ConcurrencySlot.objects.create(limit=limit, lease=lease, slots=1)

    assert "1 of 1 in use" in act("release", limit, confirmed=False).content.decode()
    act("release", limit, reason="it hangs")

    assert not ConcurrencySlot.objects.exists()
    assert last_event() == "prefect.concurrency-limit.slots-freed"
    assert reasons() == ["All slots released: it hangs"]


def test_deletes_a_version_of_an_artifact_over_the_service(act):
    old = create_artifact(columns={"key": "report", "type": "markdown", "data": "old"})
    new = create_artifact(columns={"key": "report", "type": "markdown", "data": "new"})

    act("delete", new)

    assert list(Artifact.objects.values_list("pk", flat=True)) == [old.pk]


def test_switches_automations_off(act):
    trigger = {"type": "event", "posture": "Reactive", "expect": ["shop.opened"], "threshold": 1, "within": 10}
    automation = Automation.objects.create(name="a", trigger=trigger, actions=[])

    act("disable", automation, reason="it is noisy")

    automation.refresh_from_db()
    assert not automation.enabled
    assert reasons() == ["Disabled: it is noisy"]


def test_emits_events_again(act):
    event = emit(
        event="shop.opened",
        resource={"prefect.resource.id": "shop.1"},
        related=[{"prefect.resource.id": "town.1", "prefect.resource.role": "town"}],
        payload={"sold": 3},
    )

    act("emit_again", event, confirmed=False)
    assert Event.objects.count() == 1
    act("emit_again", event, reason="the automation was off")

    again = Event.objects.exclude(id=event.id).get()
    assert (again.event, again.resource, again.related) == (event.event, event.resource, event.related)
    assert (again.payload, again.follows) == ({"sold": 3}, event.id)
    assert again.occurred > event.occurred
    assert reasons() == [f"Emitted again as {again.id}: the automation was off"]


def test_asks_services_to_run(act, monkeypatch):
    sent = []
    monkeypatch.setattr("orchestrator.periodic.admin.current_app.send_task", lambda name, **options: sent.append(name))
    record, _ = ServiceRecord.objects.get_or_create(name="retention")

    act("run_now", record)

    assert sent == ["services.retention"]
    assert reasons() == ["Asked to run."]


def test_revokes_keys(act, admin_user):
    keys = [ApiKey.objects.create(name=name, user=admin_user, digest=digest_of(make_key())) for name in "abc"]

    act("revoke", *keys[:2], confirmed=False)
    assert ApiKey.objects.usable(now()).count() == 3
    act("revoke", *keys[:2], reason="it leaked")

    assert ApiKey.objects.usable(now()).count() == 1
    assert reasons() == ["Revoked: it leaked"] * 2


def test_exports_rows_that_no_spreadsheet_executes(act):
    run = make_flow_run("COMPLETED", name="=cmd()")

    exported = b"".join(act("export_selected", run).streaming_content).decode()

    (row,) = csv.DictReader(io.StringIO(exported))
    assert (row["name"], row["state_type"]) == ("'=cmd()", "COMPLETED")


@pytest.mark.parametrize("name", LISTS)
def test_offers_viewers_nothing_to_do(signed_in, name):
    """ADM-4: a viewer cannot see actions."""
    make_flow_run("COMPLETED", deployment=make_deployment(pool=make_work_pool()))
    ConcurrencyLimit.objects.create(name="limit", limit=1)

    listed = signed_in("viewer").get(reverse(f"admin:{name}_changelist"))

    assert listed.status_code == 200
    assert '<select name="action"' not in listed.content.decode()


def test_offers_viewers_nothing_to_do_in_any_list(signed_in):
    """ADM-4: nor a button to add or to change a row."""
    viewer, offering = signed_in("viewer"), []

    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        page = viewer.get(address).content.decode()
        if re.search(r'<select name="action"|class="(addlink|changelink)"|name="_save"', page):
            offering.append(model._meta.label)

    assert offering == []


def test_refuses_what_viewers_post(act, signed_in):
    deployment, run = make_deployment(), make_flow_run("SCHEDULED")
    viewer = signed_in("viewer")

    act("pause", deployment, client=viewer)
    act("cancel", run, client=viewer)

    deployment.refresh_from_db()
    assert not deployment.paused
    assert not BulkAction.objects.exists()


def test_lets_operators_operate_but_make_no_keys(act, signed_in):
    deployment = make_deployment()
    operator = signed_in("operator")

    act("pause", deployment, client=operator)

    deployment.refresh_from_db()
    assert deployment.paused
    assert operator.get(reverse("admin:accounts_apikey_add")).status_code == 403
    assert '<select name="action"' not in operator.get(reverse("admin:accounts_apikey_changelist")).content.decode()


BEAT = "/admin/django_celery_beat/periodictask/"


def test_offers_an_operator_nothing_on_the_rows_for_beat(signed_in):
    row, operator = PeriodicTask.objects.filter(enabled=True).first(), signed_in("operator")

    operator.post(BEAT, {"action": "disable_tasks", "_selected_action": [row.pk]})

    assert PeriodicTask.objects.get(pk=row.pk).enabled
    assert "disable_tasks" not in operator.get(BEAT).content.decode()


def test_lets_an_admin_switch_rows_for_beat_off(signed_in):
    row, administrator = PeriodicTask.objects.filter(enabled=True).first(), signed_in("admin")

    administrator.post(BEAT, {"action": "disable_tasks", "_selected_action": [row.pk]})

    assert not PeriodicTask.objects.get(pk=row.pk).enabled
    assert reasons() == ["Disable selected tasks."]
