"""Automations over the API, and what they do when something happens."""

from __future__ import annotations

from datetime import timedelta
from time import sleep
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse

from automations import tasks
from automations.models import Automation, Firing, TriggerBucket, TriggerPosition
from automations.services import evaluation, firing, forgetting
from automations.services.actions import templates
from orchestrator.contract.times import now
from orchestrator.events.emit import emit
from orchestrator.events.models import Event
from runs.models import FlowRun
from tests.factories import make_deployment, make_flow_run, make_work_pool

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Numbers of events that tests before took and gave back are missing for good."""
    monkeypatch.setattr(evaluation, "GAP_PATIENCE", timedelta(0))


def trigger(**values):
    return {"type": "event", "posture": "Reactive", "expect": ["go"], "threshold": 1, "within": 0, **values}


def create(api, *actions, name="one", on=None, **values):
    body = {"name": name, "trigger": on or trigger(), "actions": [*actions] or [{"type": "do-nothing"}], **values}
    response = api.post("/automations/", body)
    assert response.status_code == 201, response.content
    return response.json()


def run_deployment(deployment, **values):
    return {"type": "run-deployment", "source": "selected", "deployment_id": str(deployment.pk), **values}


def happen(name="go", resource="thing.1", related=(), **payload):
    return emit(event=name, resource={"prefect.resource.id": resource}, related=related, payload=payload)


def told(automation, what):
    events = Event.objects.filter(
        resource_id=f"prefect.automation.{automation['id']}", event=f"prefect.automation.{what}"
    )
    return list(events.order_by("sequence"))


def test_answers_an_automation_as_the_contract_says(api):
    made = create(api, on=trigger(within="PT30S", match={"prefect.resource.id": "x"}), tags=["a"], description="d")

    assert api.get(f"/automations/{made['id']}").json() == made
    assert made["trigger"] | {"id": None} == {
        "type": "event",
        "id": None,
        "match": {"prefect.resource.id": "x"},
        "match_related": {},
        "after": [],
        "expect": ["go"],
        "for_each": [],
        "posture": "Reactive",
        "threshold": 1,
        "within": 30.0,
    }
    assert len(told(made, "created")) == 1


def test_replaces_switches_and_deletes(api):
    made = create(api)
    path = f"/automations/{made['id']}"

    assert api.put(path, {"name": "two", "trigger": trigger(expect=["stop"]), "actions": []}).status_code == 204
    assert api.patch(path, {"enabled": False}).status_code == 204
    changed = api.get(path).json()
    assert (changed["name"], changed["trigger"]["expect"], changed["enabled"]) == ("two", ["stop"], False)
    assert api.delete(path).status_code == 204

    assert api.get(path).status_code == 404
    assert [len(told(made, what)) for what in ("created", "updated", "deleted")] == [1, 2, 1]


def test_finds_the_automations_around_a_resource_and_deletes_those_that_belong_to_it(api):
    deployment = make_deployment()
    owner = f"prefect.deployment.{deployment.pk}"
    create(api, run_deployment(deployment), name="acts")
    create(api, name="owned", owner_resource=owner)
    create(api, name="other")

    assert [one["name"] for one in api.get(f"/automations/related-to/{owner}").json()] == ["acts", "owned"]
    assert api.delete(f"/automations/owned-by/{owner}").status_code == 202

    assert sorted(Automation.objects.values_list("name", flat=True)) == ["acts", "other"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trigger": trigger(posture="Proactive")}, "Proactive triggers are not evaluated"),
        (
            {"trigger": {"type": "compound", "triggers": [], "within": 1, "require": "all"}},
            "'compound' are not evaluated",
        ),
        ({"trigger": trigger(threshold=0)}, "greater than or equal to 1"),
        ({"actions": [{"type": "call-webhook", "block_document_id": None}]}, "'call-webhook' are not done"),
        ({"actions": [{"type": "run-deployment", "source": "selected"}]}, "needs deployment_id"),
        (
            {"actions": [{"type": "pause-work-pool", "source": "inferred", "work_pool_id": "0" * 32}]},
            "has no work_pool_id",
        ),
        (
            {
                "trigger": trigger(expect=["prefect.flow-run.Running"]),
                "actions": [{"type": "run-deployment", "source": "inferred"}],
            },
            "never come to an end",
        ),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_refuses_what_it_could_not_do(api, changes, says):
    body = {"name": "one", "trigger": trigger(), "actions": [{"type": "do-nothing"}], **changes}

    response = api.post("/automations/", body)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Automation.objects.exists()


def test_runs_a_deployment_when_enough_happened(api):
    deployment = make_deployment(parameters={"a": 1})
    action = run_deployment(deployment, parameters={"n": "{{ event.payload.n }}", "text": "no {{ event.payload.n }}"})
    made = create(api, action, on=trigger(threshold=2, within=60, match={"prefect.resource.id": "thing.*"}))

    happen(n=4)
    happen(n=5, resource="other.1")
    assert tasks.triggers() > 0
    assert not FlowRun.objects.exists()
    happen(n=6)
    tasks.triggers()

    run = FlowRun.objects.get()
    assert run.parameters == {"a": 1, "n": 6, "text": "no 6"}
    assert run.created_by == {"id": made["id"], "type": "AUTOMATION", "display_value": "one"}
    assert run.deployment_id == deployment.pk
    assert [len(told(made, what)) for what in ("triggered", "action.triggered", "action.executed")] == [1, 1, 1]
    assert FlowRun.objects.count() == 1


def test_shows_an_event_once_however_often_it_looks(api):
    deployment = make_deployment()
    create(api, run_deployment(deployment))
    happen()

    for _ in range(3):
        tasks.triggers()

    assert FlowRun.objects.count() == 1


def test_makes_the_same_run_when_it_died_in_the_middle(api, monkeypatch):
    deployment = make_deployment()
    create(api, run_deployment(deployment))
    happen()
    tasks.triggers()

    Firing.objects.update(done_at=None)  # as if what followed the run had never been written
    tasks.triggers()

    assert FlowRun.objects.count() == 1


def test_counts_for_each_resource_apart(api):
    deployment = make_deployment()
    create(api, run_deployment(deployment), on=trigger(threshold=2, within=60, for_each=["prefect.resource.id"]))

    for resource in ("a", "b", "b"):
        happen(resource=resource)
    tasks.triggers()

    assert FlowRun.objects.count() == 1
    assert Firing.objects.get().labels == {"prefect.resource.id": "b"}


def test_sees_nothing_from_before_it_was_enabled(api):
    deployment = make_deployment()
    happen()
    made = create(api, run_deployment(deployment), enabled=False)
    happen()
    api.patch(f"/automations/{made['id']}", {"enabled": True})

    tasks.triggers()

    assert not FlowRun.objects.exists()


def test_does_not_listen_to_automations(api):
    deployment = make_deployment()
    create(api, run_deployment(deployment), on=trigger(expect=[]))

    happen()
    for _ in range(3):
        tasks.triggers()

    assert Firing.objects.filter(event__event="go").count() == 1
    # The run that it makes is an event too, and its own; none of them is about an automation.
    assert not Firing.objects.filter(event__event__startswith="prefect.automation.").exists()


def test_acts_on_the_run_that_an_event_is_about(api):
    run = make_flow_run("RUNNING")
    create(api, {"type": "cancel-flow-run"})

    happen(resource=f"prefect.flow-run.{run.pk}")
    tasks.triggers()

    run.refresh_from_db()
    assert run.state_type == "CANCELLING"


def test_changes_the_state_of_a_run(api):
    run = make_flow_run("RUNNING")
    create(api, {"type": "change-flow-run-state", "state": "FAILED", "name": "Judged", "message": "by one"})

    happen(related=[{"prefect.resource.id": f"prefect.flow-run.{run.pk}", "prefect.resource.role": "run"}])
    tasks.triggers()

    run.refresh_from_db()
    assert (run.state_type, run.state_name, run.state["message"]) == ("FAILED", "Judged", "by one")


def test_pauses_and_resumes_what_it_names(api):
    pool = make_work_pool()
    deployment = make_deployment(pool=pool)
    create(
        api,
        {"type": "pause-work-pool", "work_pool_id": str(pool.pk)},
        {"type": "pause-work-queue", "work_queue_id": str(pool.default_queue_id)},
        {"type": "pause-deployment", "deployment_id": str(deployment.pk)},
    )

    happen()
    tasks.triggers()

    for row in (pool, pool.default_queue, deployment):
        row.refresh_from_db()
    assert (pool.is_paused, pool.default_queue.is_paused, deployment.paused) == (True, True, True)
    assert deployment.paused_by["type"] == "AUTOMATION"


def test_tells_why_an_action_failed_and_goes_on_with_the_next(api):
    deployment = make_deployment()
    made = create(
        api,
        {"type": "cancel-flow-run"},
        run_deployment(deployment, parameters={"n": "{{ 1 / 0 }}"}),
        run_deployment(deployment),
    )

    happen()
    tasks.triggers()

    reasons = [event.payload["reason"] for event in told(made, "action.failed")]
    assert "nothing to do with any flow-run" in reasons[0]
    assert "division by zero" in reasons[1]
    assert FlowRun.objects.count() == 1


def test_waits_for_a_number_that_is_missing_in_the_log(api, monkeypatch):
    monkeypatch.setattr(evaluation, "GAP_PATIENCE", timedelta(seconds=3))
    create(api)
    seen = happen()
    Event.objects.filter(sequence__lt=seen.sequence).delete()
    TriggerPosition.objects.update(sequence=seen.sequence - 2)  # the one in between may still come

    assert evaluation.evaluate_events() == 0
    Event.objects.filter(pk=seen.pk).update(received=now() - timedelta(minutes=1))
    assert evaluation.evaluate_events() == 1


def test_is_switched_in_the_admin(api, admin_client):
    made = create(api)
    page = reverse("admin:automations_automation_changelist")

    chosen = {"action": "disable", "_selected_action": [made["id"]]}
    assert api.get(f"/automations/{made['id']}").json()["enabled"] is True
    admin_client.post(page, {**chosen, "confirmed": "1"})

    assert api.get(f"/automations/{made['id']}").json()["enabled"] is False
    for name in ("automation", "firing", "triggerbucket"):
        assert admin_client.get(reverse(f"admin:automations_{name}_changelist")).status_code == 200


def test_asks_one_question_while_nothing_is_enabled(django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        evaluation.evaluate_events()


def test_forgets_windows_that_are_over(api):
    create(api, on=trigger(threshold=5, within=1))
    happen()
    evaluation.evaluate_events()
    TriggerBucket.objects.update(end=now() - timedelta(hours=1))

    assert forgetting.forget_what_is_over() == 1
    assert not TriggerBucket.objects.exists()


def test_goes_on_with_the_log_after_an_event_that_cannot_be_shown(api, monkeypatch):
    broken, sound = create(api, name="broken"), create(api, name="sound")
    count = evaluation._count

    def fails_for_one(automation, *rest):
        if automation.name == "broken":
            raise OverflowError("date value out of range")
        count(automation, *rest)

    monkeypatch.setattr(evaluation, "_count", fails_for_one)
    happen()

    tasks.triggers()

    assert told(sound, "triggered")
    assert not told(broken, "triggered")
    tasks.triggers()
    assert len(told(sound, "triggered")) == 1


def test_counts_events_from_the_ends_of_the_calendar_that_a_client_reports(api):
    made = create(api, on=trigger(within=60, for_each=["prefect.resource.id"]))
    times = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    events = [
        {"id": str(uuid4()), "event": "go", "occurred": at, "resource": {"prefect.resource.id": at}} for at in times
    ]
    assert api.post("/events", events).status_code == 204

    tasks.triggers()

    assert len(told(made, "triggered")) == 2


def test_an_action_that_breaks_holds_up_none_behind_it(api, monkeypatch):
    first, second = create(api, name="first"), create(api, name="second")
    perform = firing.perform

    def breaks_for_one(action, occasion):
        if occasion.automation.name == "first":
            raise OverflowError("date value out of range")
        return perform(action, occasion)

    monkeypatch.setattr(firing, "perform", breaks_for_one)
    happen()

    tasks.triggers()

    assert told(first, "action.failed")[0].payload["reason"] == "The server could not do it; its log says why."
    assert told(second, "action.executed")
    assert not Firing.objects.waiting().exists()


def test_fills_in_templates_while_nothing_is_locked_and_for_a_bounded_time(api, monkeypatch):
    deployment = make_deployment()
    depths = []
    before = len(transaction.get_connection().savepoint_ids)

    def render(template, values, *, seconds):
        depths.append(len(transaction.get_connection().savepoint_ids) - before)
        sleep(0.03)
        return '"text"'

    monkeypatch.setattr(templates, "MOST_SECONDS", 0.1)
    monkeypatch.setattr(templates, "render_template", render)
    made = create(api, run_deployment(deployment, parameters={str(n): "{{ event }}" for n in range(50)}))
    happen()

    tasks.triggers()

    assert 1 <= len(depths) <= 5
    assert set(depths) == {0}
    assert "more than 0.1 s together" in told(made, "action.failed")[0].payload["reason"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trigger": trigger(match={"a": ["x"] * 300})}, "at most 200 labels"),
        ({"trigger": trigger(match_related=[{"a": "x"}] * 300)}, "at most 200 labels"),
        ({"trigger": trigger(expect=[str(n) for n in range(300)])}, "at most 200 labels"),
        ({"trigger": trigger(match={"a": "*a" * 1000})}, "at most 1000 characters"),
        ({"trigger": trigger(within=1e12)}, "`within` can be at most"),
        ({"actions": [{"type": "do-nothing"}] * 51}, "at most 50 actions"),
        (
            {"actions": [{"type": "run-deployment", "source": "inferred", "schedule_after": 1e12}]},
            "`schedule_after` can be at most",
        ),
    ],
)
def test_refuses_what_would_cost_every_event_much(api, changes, words):
    body = {"name": "one", "trigger": trigger(), "actions": [{"type": "do-nothing"}], **changes}

    response = api.post("/automations/", body)

    assert response.status_code == 422
    assert words in response.content.decode()
