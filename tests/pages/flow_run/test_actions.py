"""What a run's page does to it: each action posts, says what came of it, and changes what the page shows."""

import json

import pytest

from orchestrator.contract.states import State, StateType
from runs.models import FlowRun, FlowRunInput, FlowRunTag
from tests.factories import make_deployment, make_flow_run, make_task_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def act(client):
    """Post one of a run's forms, confirmed, and read the page that follows."""

    def post(run, action, **fields):
        response = client.post(f"/runs/flow-run/{run.id}/{action}", {"confirmed": "1"} | fields)
        assert response.status_code == 303, response.content.decode()[:500]
        return client.get(response.url).content.decode()

    return post


@pytest.fixture
def viewer(django_user_model):
    """Somebody in none of the groups that have rights."""
    return django_user_model.objects.create_user("reader")


def state_of(run):
    return FlowRun.objects.get(id=run.id).state_name


def make_run(state, **columns):
    deployment = make_deployment()
    return make_flow_run(state, deployment=deployment, flow=deployment.flow, **columns)


def test_begins_a_run_again(act):
    """RUN-11: the message, and the badge."""
    run = make_run("FAILED", message="Flow run failed with KeyError: 1")

    body = act(run, "retry")

    assert "The run is scheduled again." in body
    assert "AwaitingRetry</span>" in body
    assert state_of(run) == "AwaitingRetry"
    assert FlowRun.objects.get(id=run.id).error_type is None


@pytest.mark.parametrize("state", ["RUNNING", "SCHEDULED"])
def test_begins_only_what_has_ended(act, state):
    assert "The run was not retried: It is " in act(make_run(state), "retry")


def test_offers_no_retry_where_nobody_could_begin_the_run(client, act):
    run = make_flow_run("FAILED")

    body = client.get(f"/runs/flow-run/{run.id}").content.decode()

    assert "/retry" not in body
    assert "Copy to new run" not in body
    assert "no worker would take it" in act(run, "retry")


def test_says_of_a_retry_what_it_runs_again(client):
    run, other = make_run("FAILED"), make_run("FAILED")
    for number in range(2):
        make_task_run(State(StateType.COMPLETED, data={"storage_key": "x"}), flow_run=run)
        make_task_run(State(StateType.COMPLETED, data={"storage_key": "x"} if number else None), flow_run=other)

    for query in ("", "?fragment=header"):
        assert "Retry failed tasks" in client.get(f"/runs/flow-run/{run.id}{query}").content.decode()
        assert "Retry run" in client.get(f"/runs/flow-run/{other.id}{query}").content.decode()


def test_leads_to_a_new_run_with_the_same_parameters(client):
    run = make_run("COMPLETED")

    body = client.get(f"/runs/flow-run/{run.id}").content.decode()

    assert f"/deployments/deployment/{run.deployment_id}/run?from={run.id}" in body


def test_pauses_a_deployments_run_after_asking(client, act):
    """RUN-11: the message, and the badge."""
    run = make_run("RUNNING")

    asked = client.post(f"/runs/flow-run/{run.id}/pause").content.decode()
    assert "Its process leaves it" in asked
    assert state_of(run) == "Running"

    assert "The run is paused." in act(run, "pause", reason="maintenance")
    assert state_of(run) == "Suspended"
    assert FlowRun.objects.get(id=run.id).state["message"] == "maintenance"


def test_offers_no_pause_where_nobody_could_go_on(client):
    run = make_flow_run("RUNNING")

    assert "/pause" not in client.get(f"/runs/flow-run/{run.id}").content.decode()


def test_lets_a_paused_run_go_on(client, act):
    """RUN-11: the message, and the badge."""
    run = make_run(State(StateType.PAUSED, name="Suspended", details={"pause_reschedule": True}))

    assert f"/runs/flow-run/{run.id}/resume" in client.get(f"/runs/flow-run/{run.id}").content.decode()
    act(run, "resume")

    assert state_of(run) == "Resuming"


@pytest.fixture
def asking():
    """A run that waits to be told a number."""
    details = {"run_input_keyset": {"schema": "ask-schema", "response": "ask-response"}}
    run = make_run(State(StateType.PAUSED, details=details))
    schema = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}
    FlowRunInput.objects.create(flow_run=run, key="ask-schema", value=json.dumps(schema))
    return run


def test_asks_on_the_page_what_a_paused_run_wants_to_know(client, asking):
    """RUN-9"""
    body = client.get(f"/runs/flow-run/{asking.id}").content.decode()

    assert f'action="/runs/flow-run/{asking.id}/answer"' in body
    assert "amount" in body
    assert f'action="/runs/flow-run/{asking.id}/resume"' not in body


def test_goes_on_with_the_answer_and_not_without(act, client, asking):
    """RUN-9"""
    refused = client.post(f"/runs/flow-run/{asking.id}/answer", {})
    assert refused.status_code == 422
    assert state_of(asking) == "Paused"

    body = act(asking, "answer", **{"answer:tab": "json", "answer:json": '{"amount": 3}'})

    assert "The run goes on with your answer." in body
    assert state_of(asking) == "Running"
    assert json.loads(FlowRunInput.objects.get(flow_run=asking, key="ask-response").value) == {"amount": 3}


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED", "CRASHED"])
def test_sets_a_state_with_a_reason(act, state):
    """RUN-11: the message, and the badge."""
    run = make_run("RUNNING")

    body = act(run, "set-state", state=state, reason="done by hand")

    assert f"The run is {state.capitalize()}." in body
    assert f"{state.capitalize()}</span></span>" in body  # the badge
    stored = FlowRun.objects.get(id=run.id)
    assert (stored.state_type, stored.state["message"]) == (state, "done by hand")


def test_sets_no_state_that_is_none(act):
    run = make_run("RUNNING")

    assert "No state was chosen" in act(run, "set-state", state="RUNNING")
    assert state_of(run) == "Running"


def test_changes_the_tags(act):
    run = make_run("COMPLETED", tags=["old"])

    body = act(run, "tags", tags="prod, etl,, prod ")

    assert "Its tags are now: prod, etl." in body
    assert set(FlowRunTag.objects.filter(flow_run=run).values_list("tag", flat=True)) == {"prod", "etl"}


def test_deletes_a_run_after_asking(client, act):
    run = make_run("COMPLETED", name="old-run")

    asked = client.post(f"/runs/flow-run/{run.id}/delete").content.decode()
    assert "The run goes for good" in asked
    assert FlowRun.objects.filter(id=run.id).exists()

    act(run, "delete")
    assert not FlowRun.objects.filter(id=run.id).exists()


@pytest.mark.parametrize("action", ["retry", "cancel", "pause", "set-state", "tags", "delete", "resume"])
def test_helps_on_where_the_run_is_gone(client, action):
    missing = "01a1ff9b-0000-7000-8000-000000000000"

    response = client.post(f"/runs/flow-run/{missing}/{action}", {"confirmed": "1", "state": "FAILED"})

    assert response.status_code == 404


@pytest.mark.parametrize("action", ["retry", "cancel", "pause", "set-state", "tags", "delete", "resume"])
def test_lets_a_viewer_do_nothing(client, viewer, action):
    run = make_run("COMPLETED")
    client.force_login(viewer)

    body = client.get(f"/runs/flow-run/{run.id}").content.decode()
    response = client.post(f"/runs/flow-run/{run.id}/{action}", {"confirmed": "1", "state": "FAILED"})

    assert f"/{action}" not in body.replace("tags=", "")
    assert response.status_code == 403
    assert state_of(run) == "Completed"
