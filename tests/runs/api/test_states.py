from datetime import timedelta
from uuid import uuid4

import pytest

from orchestrator.contract.times import format_time, now
from runs.models import Claim, FlowRun
from tests.factories import make_flow, make_flow_run, make_task_run


def set_state(api, run, state_type, *, kind="flow_runs", force=False, name=None, headers=None, **details):
    state = {"type": state_type, "state_details": details}
    if name:
        state["name"] = name
    body = {"state": state, "force": force}
    return api.post(f"/{kind}/{run.pk}/set_state", body, **(headers or {}))


@pytest.fixture
def run(api):
    return FlowRun.objects.get(pk=api.post("/flow_runs", {"flow_id": make_flow().pk}).json()["id"])


def test_accepts_with_201_and_the_written_state(api, run):
    response = set_state(api, run, "RUNNING")

    answer = response.json()
    assert (response.status_code, answer["status"], answer["details"]) == (201, "ACCEPT", {"type": "accept_details"})
    assert answer["state"]["name"] == "Running"
    assert answer["state"]["state_details"]["flow_run_id"] == str(run.pk)
    assert api.get(f"/flow_runs/{run.pk}").json()["state"] == answer["state"]


def test_aborts_with_200_a_reason_and_the_present_state(api, run):
    set_state(api, run, "RUNNING")

    response = set_state(api, run, "PENDING")

    answer = response.json()
    assert (response.status_code, answer["status"], answer["details"]["type"]) == (200, "ABORT", "abort_details")
    assert answer["details"]["reason"]
    assert answer["state"]["type"] == "RUNNING"


def test_lets_wait_whole_seconds(api):
    later = format_time(now() + timedelta(seconds=60.5))
    body = {"flow_id": make_flow().pk, "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": later}}}
    run = FlowRun.objects.get(pk=api.post("/flow_runs", body).json()["id"])

    answer = set_state(api, run, "RUNNING").json()

    assert answer["status"] == "WAIT"
    assert isinstance(answer["details"]["delay_seconds"], int)
    assert 55 < answer["details"]["delay_seconds"] <= 61


def test_replaces_a_failure_by_a_retry_with_201(api):
    body = {"flow_id": make_flow().pk, "empirical_policy": {"retries": 1, "retry_delay": 5}}
    run = FlowRun.objects.get(pk=api.post("/flow_runs", body).json()["id"])
    set_state(api, run, "RUNNING")

    response = set_state(api, run, "FAILED")

    assert (response.status_code, response.json()["status"]) == (201, "REJECT")
    assert response.json()["state"]["name"] == "AwaitingRetry"


def test_answers_a_state_that_was_sent_twice_with_the_stored_one(api, run):
    transition_id = str(uuid4())
    first = set_state(api, run, "RUNNING", transition_id=transition_id).json()

    again = set_state(api, run, "RUNNING", transition_id=transition_id)

    assert (again.status_code, again.json()["status"]) == (200, "REJECT")
    assert again.json()["state"]["id"] == first["state"]["id"]


@pytest.mark.parametrize("kind", ["flow_runs", "task_runs"])
def test_says_which_run_it_does_not_find(api, kind):
    missing = uuid4()

    response = api.post(f"/{kind}/{missing}/set_state", {"state": {"type": "RUNNING"}})

    assert response.status_code == 404
    assert str(missing) in response.json()["exception_message"]


@pytest.mark.parametrize(
    "state",
    [{"type": "running"}, {}, {"type": "RUNNING", "id": str(uuid4())}, {"type": "RUNNING", "color": "red"}],
)
def test_refuses_what_is_no_state(api, run, state):
    assert api.post(f"/flow_runs/{run.pk}/set_state", {"state": state}).status_code == 422


def test_keeps_details_that_only_newer_clients_know(api, run):
    state = {"type": "RUNNING", "state_details": {"brand_new": [1]}}

    response = api.post(f"/flow_runs/{run.pk}/set_state", {"state": state})

    assert response.status_code == 201
    assert api.get(f"/flow_runs/{run.pk}").json()["state"]["state_details"]["brand_new"] == [1]


def test_keeps_the_data_and_details_of_a_state(api, run):
    data = {"type": "reference", "storage_key": "a"}
    details = {"traceparent": "00-1", "cache_key": "k", "run_input_keyset": {"schema": "s"}}

    api.post(
        f"/flow_runs/{run.pk}/set_state",
        {"state": {"type": "COMPLETED", "name": "Fine", "message": "m", "data": data, "state_details": details}},
    )

    state = api.get(f"/flow_runs/{run.pk}").json()["state"]
    assert (state["name"], state["message"], state["data"]) == ("Fine", "m", data)
    assert details.items() <= state["state_details"].items()


def test_stores_nothing_of_data_that_says_that_nothing_was_stored(api, run):
    data = {"type": "unpersisted"}

    answer = api.post(f"/flow_runs/{run.pk}/set_state", {"state": {"type": "RUNNING", "data": data}}).json()

    assert answer["state"]["data"] == data
    assert api.get(f"/flow_runs/{run.pk}").json()["state"]["data"] is None


def test_stops_a_worker_whose_claim_ended(api, run):
    at = now()
    claim = Claim.objects.create(
        flow_run=run, attempt=1, worker_name="w", claimed_at=at, lease_expires_at=at, ended_at=at, outcome="lost"
    )

    answer = set_state(api, run, "RUNNING", headers={"x_orchestrator_claim": str(claim.pk)}).json()

    assert answer["status"] == "ABORT"


def claim_of(run, **columns):
    at = now()
    columns = {"attempt": 1, "worker_name": "w", "claimed_at": at, "lease_expires_at": at + timedelta(30), **columns}
    return Claim.objects.create(flow_run=run, **columns)


@pytest.mark.parametrize(("columns", "status"), [({}, "ACCEPT"), ({"ended_at": now(), "outcome": "lost"}, "ABORT")])
def test_lets_an_engine_speak_for_its_subflows_as_long_as_it_holds_its_own_run(api, run, columns, status):
    claim = claim_of(run, **columns)
    subflow = make_flow_run("PENDING")

    answer = set_state(api, subflow, "RUNNING", headers={"x_orchestrator_claim": str(claim.pk)}).json()

    assert answer["status"] == status


def test_ends_the_claim_of_a_run_that_another_runs_engine_ends(api, run):
    other = make_flow_run("RUNNING")
    other.infrastructure_pid = "w/1"
    other.save()
    held = claim_of(other)

    headers = {"x_orchestrator_claim": str(claim_of(run).pk)}
    set_state(api, other, "COMPLETED", headers=headers)

    held.refresh_from_db()
    assert held.ended_at is not None


def test_refuses_a_claim_that_is_no_uuid(api, run):
    assert set_state(api, run, "RUNNING", headers={"x_orchestrator_claim": "mine"}).status_code == 400


def test_changes_a_state_with_few_queries(api, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        set_state(api, run, "RUNNING")


def test_sets_the_state_of_a_task_run(api):
    task = make_task_run("PENDING", flow_run=make_flow_run("RUNNING"))

    answer = set_state(api, task, "RUNNING", kind="task_runs").json()

    assert (answer["status"], answer["state"]["state_details"]["task_run_id"]) == ("ACCEPT", str(task.pk))


def test_reads_the_history_oldest_first(api, run):
    set_state(api, run, "RUNNING")
    set_state(api, run, "COMPLETED")

    states = api.get(f"/flow_run_states/?flow_run_id={run.pk}").json()

    assert [state["type"] for state in states] == ["PENDING", "RUNNING", "COMPLETED"]
    assert api.get(f"/flow_run_states/{states[1]['id']}").json() == states[1]


def test_wants_to_know_whose_history(api):
    response = api.get("/flow_run_states")

    assert response.status_code == 422
    assert response.json()["exception_detail"][0]["loc"] == ["query", "flow_run_id"]


def test_does_not_find_other_states(api):
    assert api.get(f"/flow_run_states/{uuid4()}").status_code == 404
    assert api.get(f"/task_run_states/{uuid4()}").status_code == 404


def test_resumes_a_paused_run(api, run):
    set_state(api, run, "RUNNING")
    set_state(api, run, "PAUSED", pause_key="a", pause_timeout=format_time(now() + timedelta(minutes=1)))

    response = api.post(f"/flow_runs/{run.pk}/resume")

    assert (response.status_code, response.json()["status"]) == (201, "ACCEPT")
    assert api.get(f"/flow_runs/{run.pk}").json()["state_type"] == "RUNNING"


def test_does_not_resume_a_run_that_is_not_paused(api, run):
    response = api.post(f"/flow_runs/{run.pk}/resume")

    assert (response.status_code, response.json()["status"], response.json()["state"]) == (200, "ABORT", None)
