"""`get_client()` against the API in this very process: every method does on the server what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from orchestrator import (
    Completed,
    Cron,
    CronSchedule,
    DeploymentFilter,
    DeploymentScheduleCreate,
    DeploymentUpdate,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunInput,
    FlowRunSort,
    GlobalConcurrencyLimitCreate,
    Interval,
    LogCreate,
    ObjectAlreadyExists,
    ObjectNotFound,
    Scheduled,
    ServerUnreachable,
    State,
    VariableCreate,
    WorkPoolCreate,
    WorkPoolUpdate,
    flow,
    get_client,
)
from orchestrator.sdk.api.client import use_client
from tests.in_process import in_process_client, losing_answers


@flow
def etl(n: int = 1) -> int:
    return n


@pytest.fixture
def client(db):
    with use_client(in_process_client()), get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def deployment_id(client):
    client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    flow_id = client.create_flow(etl)
    return client.create_deployment(flow_id, "daily", work_pool_name="pool", entrypoint="etl.py:etl", tags=["a"])


@pytest.fixture
def run(client, deployment_id):
    return client.create_flow_run_from_deployment(deployment_id, parameters={"n": 2}, tags=["b"], name="first")


def test_makes_a_run_of_a_deployment_and_reads_it(client, deployment_id, run):
    read = client.read_flow_run(run.id)

    assert isinstance(read.id, UUID)
    assert (read.name, read.parameters, read.deployment_id) == ("first", {"n": 2}, deployment_id)
    assert isinstance(read.expected_start_time, datetime)
    assert read.total_run_time == timedelta(0)
    assert isinstance(read.state, State)
    assert read.state.is_scheduled()


def test_asks_for_a_run_once_by_its_key(client, deployment_id):
    later = Scheduled(scheduled_time=datetime(2050, 1, 1, tzinfo=UTC))
    first, second = (
        client.create_flow_run_from_deployment(deployment_id, idempotency_key="k", state=later) for _ in range(2)
    )

    assert first == second
    assert first.next_scheduled_start_time == later.state_details.scheduled_time


def test_finds_runs_by_filter(client, run):
    other = client.create_flow_run(etl, name="second", state=Completed())
    completed = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["COMPLETED"])))

    assert client.read_flow_runs(flow_run_filter=completed) == [client.read_flow_run(other.id)]
    assert [each.name for each in client.read_flow_runs(sort=FlowRunSort.NAME_DESC, limit=1)] == ["second"]
    assert [each.name for each in client.read_flow_runs(flow_run_filter={"name": {"like_": "fir"}})] == ["first"]
    assert client.count_flow_runs(deployment_filter=DeploymentFilter(name={"any_": ["daily"]})) == 1


def test_moves_a_run_from_state_to_state(client, run):
    refused = client.set_flow_run_state(run.id, State.from_wire({"type": "PAUSED"}))
    taken = client.set_flow_run_state(run.id, Completed(message="by hand"), force=True)

    assert refused.status != "ACCEPT"
    assert (taken.status, taken.state.message) == ("ACCEPT", "by hand")
    states = client.read_flow_run_states(run.id)
    assert [state.name for state in states] == ["Scheduled", "Completed"]
    assert client.read_flow_run_state(states[0].id) == states[0]


def test_changes_and_deletes_a_run(client, run):
    client.set_flow_run_name(run.id, "renamed")
    client.update_flow_run(run.id, tags=["c"])
    client.update_flow_run_labels(run.id, {"team": "data"})

    read = client.read_flow_run(run.id)
    assert (read.name, read.tags, read.labels["team"]) == ("renamed", ["c"], "data")
    client.delete_flow_run(run.id)
    with pytest.raises(ObjectNotFound):
        client.read_flow_run(run.id)


def test_tells_a_run_something(client, run):
    client.create_flow_run_input(run.id, "answer", '"yes"', sender="me")

    assert client.read_flow_run_input(run.id, "answer") == '"yes"'
    (found,) = client.filter_flow_run_input(run.id, "ans")
    assert (found.key, found.sender, found.decoded_value) == ("answer", "me", "yes")
    assert isinstance(found, FlowRunInput)
    client.delete_flow_run_input(run.id, "answer")
    with pytest.raises(ObjectNotFound):
        client.read_flow_run_input(run.id, "answer")


def test_reads_flows(client, run):
    by_name = client.read_flow_by_name("etl")

    assert client.read_flow(run.flow_id) == by_name
    assert client.read_flows(flow_filter={"name": {"any_": ["etl"]}}) == [by_name]
    client.delete_flow(by_name.id)
    assert client.read_flows() == []


def test_reads_and_changes_task_runs(client, run):
    made = client._client.ask(
        "POST", "/task_runs/", {"flow_run_id": str(run.id), "task_key": "t", "dynamic_key": "0", "name": "t-0"}
    )

    (read,) = client.read_task_runs(flow_run_filter={"id": {"any_": [run.id]}})
    assert (str(read.id), read.flow_run_id) == (made["id"], run.id)
    client.set_task_run_state(read.id, Completed())
    client.set_task_run_name(read.id, "renamed")
    assert client.read_task_run(read.id).state.is_completed()
    assert client.read_task_run_states(read.id)[-1].name == "Completed"
    client.delete_task_run(read.id)
    assert client.read_task_runs() == []


def test_reads_and_changes_deployments(client, deployment_id):
    client.update_deployment(deployment_id, {"description": "every day"})
    client.pause_deployment(deployment_id)

    read = client.read_deployment_by_name("etl/daily")
    assert (read.id, read.description, read.paused) == (deployment_id, "every day", True)
    client.resume_deployment(deployment_id)
    assert client.read_deployment(deployment_id).paused is False
    client.set_deployment_paused_state(deployment_id, True)
    assert [each.paused for each in client.read_deployments(deployment_filter={"tags": {"all_": ["a"]}})] == [True]
    client.delete_deployment(deployment_id)
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name("etl/daily")


def test_makes_changes_and_deletes_schedules(client, deployment_id):
    made = client.create_deployment_schedules(deployment_id, [Cron("0 6 * * *"), (Interval(900), False)])

    daily, often = sorted(made, key=lambda each: each.active, reverse=True)
    assert daily.schedule.cron == "0 6 * * *"
    assert (often.schedule.interval, often.active) == (timedelta(minutes=15), False)
    client.update_deployment_schedule(deployment_id, often.id, active=True, schedule=daily)
    client.delete_deployment_schedule(deployment_id, daily.id)
    (left,) = client.read_deployment_schedules(deployment_id)
    assert (left.id, left.active, left.schedule.cron) == (often.id, True, "0 6 * * *")


def test_makes_changes_and_deletes_work_pools_and_queues(client):
    client.create_work_pool({"name": "p", "type": "process", "concurrency_limit": 3})
    with pytest.raises(ObjectAlreadyExists):
        client.create_work_pool({"name": "p"})
    client.create_work_pool({"name": "p", "concurrency_limit": 4}, overwrite=True)
    client.update_work_pool("p", {"is_paused": True})

    (read,) = client.read_work_pools(work_pool_filter={"name": {"any_": ["p"]}})
    assert (read.concurrency_limit, read.is_paused) == (4, True)
    client.update_work_pool("p", WorkPoolUpdate(concurrency_limit=None))
    assert client.read_work_pool("p").concurrency_limit is None
    queue = client.create_work_queue("urgent", priority=1, work_pool_name="p")
    client.update_work_queue(queue.id, concurrency_limit=2)
    assert client.read_work_queue_by_name("urgent", "p").concurrency_limit == 2
    client.update_work_queue(queue.id, concurrency_limit=None)
    assert client.read_work_queue(queue.id).concurrency_limit is None
    assert [each.name for each in client.match_work_queues(["urg"], "p")] == ["urgent"]
    assert client.get_runs_in_work_queue(queue.id) == []
    assert client.read_workers_for_work_pool("p") == []
    client.delete_work_queue_by_id(queue.id)
    client.delete_work_pool("p")
    with pytest.raises(ObjectNotFound):
        client.read_work_pool("p")


def test_takes_schedules_with_a_deployment_in_all_forms(client, deployment_id):
    flow_id = client.read_deployment(deployment_id).flow_id
    made = client.create_deployment(flow_id, "often", schedules=[CronSchedule(cron="0 1 * * *"), Interval(60)])
    assert len(client.read_deployment_schedules(made)) == 2

    wanted = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 2 * * *"), slug="early", active=False)
    client.update_deployment(made, DeploymentUpdate(schedules=[wanted], tags=["x"]))

    (left,) = client.read_deployment_schedules(made)
    assert (left.schedule.cron, left.slug, left.active) == ("0 2 * * *", "early", False)
    client.update_deployment(made, DeploymentUpdate(schedules=client.read_deployment_schedules(made)))
    assert [each.slug for each in client.read_deployment_schedules(made)] == ["early"]


def test_finds_the_runs_that_wait_for_a_worker(client, deployment_id, run):
    assert [each.flow_run.id for each in client.get_scheduled_flow_runs_for_work_pool("pool")] == [run.id]
    assert [each.id for each in client.get_scheduled_flow_runs_for_deployments([deployment_id])] == [run.id]


def test_writes_and_reads_logs(client, run):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    line = {"name": "me", "level": 20, "timestamp": now, "flow_run_id": run.id}
    client.create_logs([LogCreate(message="one", **line), {"message": "two", **line, "level": 40}])

    logs = client.read_logs({"flow_run_id": {"any_": [run.id]}, "level": {"ge_": 30}}, limit=5)

    assert [(log.message, log.timestamp) for log in logs] == [("two", now)]


def test_makes_changes_and_deletes_artifacts(client, run):
    made = client.create_artifact({"key": "k", "type": "markdown", "data": "# one", "flow_run_id": run.id})
    client.update_artifact(made.id, {"data": "# two"})

    assert [each.data for each in client.read_artifacts(artifact_filter={"key": {"any_": ["k"]}})] == ["# two"]
    assert [each.key for each in client.read_latest_artifacts(flow_run_filter={"id": {"any_": [run.id]}})] == ["k"]
    client.delete_artifact(made.id)
    assert client.read_artifacts() == []


def test_makes_changes_and_deletes_variables(client):
    client.create_variable(VariableCreate(name="v", value={"a": 1}, tags=["t"]))
    client.update_variable({"name": "v", "value": 2})

    assert client.read_variable_by_name("v").value == 2
    assert [each.tags for each in client.read_variables()] == [["t"]]
    client.delete_variable_by_name("v")
    assert client.read_variable_by_name("v") is None


def test_makes_changes_and_deletes_limits(client):
    client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="db", limit=2))
    client.upsert_global_concurrency_limit_by_name("db", 5)
    client.upsert_global_concurrency_limit_by_name("api", 1, slot_decay_per_second=0.5)
    client.create_concurrency_limit("slow", 3)

    assert client.read_global_concurrency_limit_by_name("db").limit == 5
    assert {each.name for each in client.read_global_concurrency_limits()} >= {"db", "api"}
    client.reset_concurrency_limit_by_tag("slow")
    assert client.read_concurrency_limit_by_tag("slow").concurrency_limit == 3
    assert [each.tag for each in client.read_concurrency_limits()] == ["slow"]
    client.delete_concurrency_limit_by_tag("slow")
    client.delete_global_concurrency_limit_by_name("db")
    with pytest.raises(ObjectNotFound):
        client.read_global_concurrency_limit_by_name("db")


def test_makes_changes_and_deletes_automations(client, deployment_id):
    wanted = {
        "name": "watch",
        "enabled": True,
        "trigger": {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0},
        "actions": [{"type": "run-deployment", "source": "selected", "deployment_id": deployment_id}],
    }
    made = client.create_automation(wanted)

    client.pause_automation(made)
    assert client.find_automation("watch").enabled is False
    client.resume_automation(made)
    client.update_automation(made, {**wanted, "name": "watched"})
    read = client.read_automation(made)
    assert (read.name, read.enabled) == ("watched", True)
    related = client.read_resource_related_automations(f"prefect.deployment.{deployment_id}")
    assert [each.id for each in related] == [made]
    client.delete_resource_owned_automations("prefect.deployment.none")
    client.delete_automation(made)
    assert client.read_automation(made) is None
    assert client.find_automation("watched") is None


def test_reads_blocks(client):
    slugs = {each.slug for each in client.read_block_types()}

    kind = client.read_block_type_by_slug(sorted(slugs)[0])
    schema = client.get_most_recent_block_schema_for_block_type(kind.id)
    assert client.read_block_schema_by_checksum(schema.checksum).id == schema.id
    assert schema.id in {each.id for each in client.read_block_schemas()}
    body = {"name": "mine", "data": {"value": "x"}, "block_type_id": kind.id, "block_schema_id": schema.id}
    made = UUID(client._client.ask("POST", "/block_documents/", body)["id"])
    assert client.read_block_document(made).data == {"value": "x"}
    assert client.read_block_document_by_name("mine", kind.slug, include_secrets=False).id == made
    assert [each.id for each in client.read_block_documents_by_type(kind.slug)] == [made]
    assert made in {each.id for each in client.read_block_documents()}
    client.delete_block_document(made)
    assert client.read_block_documents_by_type(kind.slug) == []


def test_reads_and_counts_events(client):
    for number in range(3):
        event = {"event": "my.event", "resource": {"prefect.resource.id": f"my.{number}"}, "id": str(uuid4())}
        client._client.send("POST", "/events", [{**event, "occurred": datetime.now(UTC)}])
    mine = {"event": {"name": ["my.event"]}}

    page = client.read_events(mine, limit=2)

    assert [each.event for each in page.events] == ["my.event"] * 2
    assert isinstance(page.events[0].occurred, datetime)
    assert page.total == client.count_events(mine) == 3


def test_asks_the_server_about_itself(client):
    assert (client.hello().status_code, bool(client.hello().json())) == (200, True)
    assert client.api_healthcheck() is None
    assert client.api_version().split(".")[0] == "3"
    assert "process" in str(client.read_worker_metadata())


def test_says_what_is_not_there(client):
    with pytest.raises(ObjectNotFound):
        client.read_deployment(uuid4())
    with pytest.raises(ObjectNotFound):
        client.delete_flow_run(uuid4())


def test_makes_one_run_though_the_answer_is_lost(client, deployment_id, monkeypatch):
    losing_answers(monkeypatch).update({"POST /flow_runs/", f"POST /deployments/{deployment_id}/create_flow_run"})

    made = {client.create_flow_run(etl).id, client.create_flow_run_from_deployment(deployment_id).id}
    another = client.create_flow_run_from_deployment(deployment_id).id

    assert {each.id for each in client.read_flow_runs()} == made | {another}


def test_makes_no_automation_a_second_time_when_the_answer_is_lost(client, monkeypatch):
    losing_answers(monkeypatch).add("POST /automations/")
    trigger = {"type": "event", "posture": "Reactive", "expect": ["x"], "threshold": 1, "within": 0}

    with pytest.raises(ServerUnreachable, match="look before you ask again"):
        client.create_automation({"name": "a", "trigger": trigger, "actions": [{"type": "do-nothing"}]})

    assert len(client.read_automations_by_name("a")) == 1
