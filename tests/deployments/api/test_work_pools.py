from datetime import timedelta

import pytest

from deployments.models import WorkQueue
from deployments.services import hand_out
from orchestrator.contract.times import format_time, now
from orchestrator.events.models import Event
from tests.factories import make_deployment, make_flow_run, make_work_pool, make_worker

TEMPLATE = {
    "job_configuration": {"command": "{{ command }}"},
    "variables": {"type": "object", "properties": {"command": {"type": "string"}}},
}


@pytest.fixture
def pool(db):
    return make_work_pool("cluster")


def waiting_run(pool, *, queue=None, minutes=0, **columns):
    due = now() + timedelta(minutes=minutes)
    return make_flow_run("SCHEDULED", work_queue=queue or pool.default_queue, next_scheduled_start_time=due, **columns)


def handed_out(api, **body):
    return [item["flow_run"]["id"] for item in api.post("/work_pools/cluster/get_scheduled_flow_runs", body).json()]


def test_creates_a_pool_with_a_queue(api):
    response = api.post("/work_pools/", {"name": "gpu", "type": "process", "base_job_template": TEMPLATE})

    made = response.json()
    assert (response.status_code, made["status"], made["base_job_template"]) == (201, "NOT_READY", TEMPLATE)
    queue = api.get(f"/work_queues/{made['default_queue_id']}").json()
    assert (queue["name"], queue["priority"], queue["work_pool_name"]) == ("default", 1, "gpu")
    assert api.get("/work_pools/gpu").json() == made


def test_refuses_names_that_are_taken_or_reserved(api, pool):
    assert api.post("/work_pools", {"name": "cluster", "type": "process"}).status_code == 409
    assert api.post("/work_pools", {"name": "Prefect-x", "type": "process"}).status_code == 403
    assert api.post("/work_pools", {"name": "a/b", "type": "process"}).status_code == 422


@pytest.mark.parametrize(
    "template",
    [
        {"job_configuration": {"command": "x"}},
        {"job_configuration": {}, "variables": {"properties": {}}},
        {"job_configuration": {"command": "{{ missing }}"}, "variables": {"properties": {"a": {}}}},
    ],
)
def test_refuses_templates_that_cannot_be_filled(api, template):
    assert api.post("/work_pools", {"name": "a", "type": "process", "base_job_template": template}).status_code == 422


def test_changes_only_what_is_sent(api, pool):
    assert api.patch("/work_pools/cluster", {"concurrency_limit": 3}).status_code == 204
    assert api.patch("/work_pools/cluster", {"is_paused": True, "description": "d"}).status_code == 204

    answer = api.get("/work_pools/cluster").json()
    assert (answer["concurrency_limit"], answer["is_paused"], answer["status"]) == (3, True, "PAUSED")

    api.patch("/work_pools/cluster", {"concurrency_limit": None, "is_paused": None})
    answer = api.get("/work_pools/cluster").json()
    assert (answer["concurrency_limit"], answer["is_paused"]) == (None, True)


def test_deletes_a_pool(api, pool):
    assert api.delete("/work_pools/cluster").status_code == 204

    response = api.get("/work_pools/cluster")
    assert (response.status_code, "cluster" in response.json()["detail"]) == (404, True)


def test_lists_pools(api, pool):
    make_work_pool("other", type="process")

    assert [
        one["name"] for one in api.post("/work_pools/filter", {"work_pools": {"type": {"any_": ["process"]}}}).json()
    ] == ["other"]
    assert api.post("/work_pools/count", {"work_pools": {"name": {"any_": ["cluster"]}}}).json() == 1


def test_hands_out_what_waits_soonest_first(api, pool):
    later, sooner = waiting_run(pool, minutes=-1), waiting_run(pool, minutes=-2)
    waiting_run(pool, minutes=60)
    waiting_run(pool, empirical_policy={"retry_type": "in_process"})  # retried by the process that has it
    make_flow_run("RUNNING", work_queue=pool.default_queue)

    assert handed_out(api, scheduled_before=format_time(now())) == [str(sooner.pk), str(later.pk)]
    assert handed_out(api, scheduled_before=format_time(now()), limit=1) == [str(sooner.pk)]


def test_serves_the_queue_with_the_lowest_number_first(api, pool):
    api.post("/work_pools/cluster/queues", {"name": "urgent", "priority": 1})
    urgent = pool.queues.get(name="urgent")
    normal, first = waiting_run(pool, minutes=-5), waiting_run(pool, queue=urgent)

    assert handed_out(api) == [str(first.pk), str(normal.pk)]
    assert handed_out(api, work_queue_names=["default"]) == [str(normal.pk)]
    assert api.post("/work_pools/cluster/get_scheduled_flow_runs", {"work_queue_names": ["x"]}).status_code == 404


def test_hands_out_no_more_than_the_limits_leave(api, pool):
    make_flow_run("RUNNING", work_queue=pool.default_queue)
    runs = [waiting_run(pool, minutes=minutes - 10) for minutes in range(3)]

    api.patch("/work_pools/cluster", {"concurrency_limit": 3})
    assert handed_out(api) == [str(run.pk) for run in runs[:2]]

    api.patch("/work_pools/cluster/queues/default", {"concurrency_limit": 2})
    assert handed_out(api) == [str(runs[0].pk)]

    api.patch("/work_pools/cluster", {"concurrency_limit": 0})
    assert handed_out(api) == []


def test_tells_how_full_a_limited_pool_is(api, pool, django_assert_num_queries):
    make_flow_run("RUNNING", work_queue=pool.default_queue)
    assert api.get("/work_pools/cluster").json()["active_slots"] is None

    api.patch("/work_pools/cluster", {"concurrency_limit": 3})

    assert api.get("/work_pools/cluster").json()["active_slots"] == 1
    with django_assert_num_queries(2):
        api.post("/work_pools/filter")


def test_hands_out_nothing_while_paused(api, pool):
    waiting_run(pool)

    api.patch("/work_pools/cluster", {"is_paused": True})
    assert handed_out(api) == []

    api.patch("/work_pools/cluster", {"is_paused": False})
    api.patch("/work_pools/cluster/queues/default", {"is_paused": True})
    assert handed_out(api) == []


def test_is_ready_once_it_was_asked_for_work(api, pool):
    deployment = make_deployment(pool=pool)

    handed_out(api)

    assert api.get("/work_pools/cluster/queues/default").json()["status"] == "READY"
    assert api.get(f"/deployments/{deployment.pk}").json()["status"] == "READY"


def test_gives_every_queue_a_priority_of_its_own(api, pool):
    def priorities():
        return {queue["name"]: queue["priority"] for queue in api.post("/work_pools/cluster/queues/filter").json()}

    api.post("/work_pools/cluster/queues", {"name": "b"})
    api.post("/work_pools/cluster/queues", {"name": "d", "priority": 9})
    api.post("/work_pools/cluster/queues", {"name": "a", "priority": 1})
    assert priorities() == {"a": 1, "default": 2, "b": 3, "d": 9}  # pushed back only as far as needed

    api.patch("/work_pools/cluster/queues/b", {"priority": 1})
    assert priorities() == {"b": 1, "a": 2, "default": 3, "d": 9}


def test_changes_a_queue_of_any_pool_by_id(api, pool):
    path = f"/work_queues/{pool.default_queue_id}"

    assert api.patch(path, {"is_paused": True, "concurrency_limit": 2}).status_code == 204

    queue = api.get(path).json()
    assert (queue["status"], queue["concurrency_limit"], queue["work_pool_id"]) == ("PAUSED", 2, str(pool.pk))


def test_keeps_the_default_queue(api, pool):
    assert api.delete("/work_pools/cluster/queues/default").status_code == 400

    api.post("/work_pools/cluster/queues", {"name": "b"})
    assert api.post("/work_pools/cluster/queues", {"name": "b"}).status_code == 409
    assert api.delete("/work_pools/cluster/queues/b").status_code == 204
    assert api.get("/work_pools/cluster/queues/b").status_code == 404


def test_finds_queues_by_the_beginning_of_their_name(api, pool):
    body = {"work_queues": {"name": {"startswith_": ["def"]}}}

    assert [queue["name"] for queue in api.post("/work_queues/filter", body).json()][:1] == ["default"]


def test_registers_a_worker_by_its_heartbeat(api, pool):
    assert (
        api.post("/work_pools/cluster/workers/heartbeat", {"name": "w", "heartbeat_interval_seconds": 5}).status_code
        == 204
    )

    (worker,) = api.post("/work_pools/cluster/workers/filter").json()
    assert (worker["name"], worker["status"], worker["work_pool_id"]) == ("w", "ONLINE", str(pool.pk))
    assert api.get("/work_pools/cluster").json()["status"] == "READY"


@pytest.mark.parametrize("seconds", [None, 0, -1])
def test_registers_a_worker_that_names_no_time_to_come(api, pool, seconds):
    beat = {"name": "w", "heartbeat_interval_seconds": seconds}

    response = api.post("/work_pools/cluster/workers/heartbeat", beat)

    assert response.status_code == 204
    assert [worker["status"] for worker in api.post("/work_pools/cluster/workers/filter").json()] == ["ONLINE"]


def test_shows_a_worker_that_fell_silent_as_offline(api, pool):
    make_worker(pool, "silent", silent_after=now() - timedelta(seconds=1))

    (worker,) = api.post("/work_pools/cluster/workers/filter").json()

    assert worker["status"] == "OFFLINE"


def test_forgets_a_worker(api, pool):
    make_worker(pool, "w")

    assert api.delete("/work_pools/cluster/workers/w").status_code == 204
    assert api.delete("/work_pools/cluster/workers/w").status_code == 404


def test_knows_no_workers_of_a_pool_that_does_not_exist(api):
    assert api.post("/work_pools/x/workers/heartbeat", {"name": "w"}).status_code == 404
    assert api.post("/work_pools/x/workers/filter").status_code == 404


def test_says_that_a_pool_and_a_queue_were_paused(api):
    pool = make_work_pool()

    api.patch(f"/work_pools/{pool.name}", {"is_paused": True})
    api.patch(f"/work_queues/{pool.default_queue_id}", {"is_paused": True})

    names = set(Event.objects.values_list("event", flat=True))
    assert {"prefect.work-pool.paused", "prefect.work-queue.paused"} <= names


@pytest.mark.parametrize("number", [2**31, 2**63, 1e30])
def test_refuses_numbers_that_no_column_holds(api, number):
    pool = make_work_pool()

    assert api.post(f"/work_pools/{pool.name}/queues", {"name": "q", "priority": number}).status_code == 422
    assert api.patch(f"/work_pools/{pool.name}", {"concurrency_limit": number}).status_code == 422


def test_hands_out_behind_a_full_queue_with_many_waiting_runs(api, monkeypatch):
    monkeypatch.setattr(hand_out, "MOST", 2)
    pool = make_work_pool()
    WorkQueue.objects.filter(pk=pool.default_queue_id).update(concurrency_limit=0)
    behind = WorkQueue.objects.create(work_pool=pool, name="behind", priority=2)
    for _ in range(3):
        make_flow_run("SCHEDULED", work_queue=pool.default_queue)
    run = make_flow_run("SCHEDULED", work_queue=behind)

    found = api.post(f"/work_pools/{pool.name}/get_scheduled_flow_runs").json()

    assert [item["flow_run"]["id"] for item in found] == [str(run.pk)]


class TestPoolsOfOurOwnWorkers:
    @pytest.fixture
    def deployment_body(self, api):
        api.post("/work_pools/", {"name": "ours", "type": "celery"})
        flow = api.post("/flows/", {"name": "f"}).json()
        return {"name": "d", "flow_id": flow["id"], "work_pool_name": "ours"}

    def test_get_our_template_when_they_are_given_none(self, api, deployment_body):
        template = api.get("/work_pools/ours").json()["base_job_template"]
        published = api.get("/collections/views/aggregate-worker-metadata").json()["orchestrator"]["celery"]
        described = published["default_base_job_configuration"]["variables"]["properties"]

        assert set(template["variables"]["properties"]) == set(described)
        assert all(variable["description"] for variable in described.values())

    @pytest.mark.parametrize(
        ("variables", "said"),
        [
            ({"time_limit_seconds": -1}, "time_limit_seconds"),
            ({"isolation": "container"}, "isolation"),
            ({"cancel_grace_seconds": 10**6}, "cancel_grace_seconds"),
            ({"engine": "airflow"}, "engine"),
        ],
    )
    def test_refuse_job_variables_that_no_worker_can_use(self, api, deployment_body, variables, said):
        deployed = api.post("/deployments/", {**deployment_body, "job_variables": variables})
        plain = api.post("/deployments/", deployment_body).json()
        run = api.post(f"/deployments/{plain['id']}/create_flow_run", {"job_variables": variables})
        changes = {"work_pool_name": "ours", "job_variables": variables}
        changed = api.patch(f"/deployments/{plain['id']}", changes)

        assert (deployed.status_code, run.status_code, changed.status_code) == (422, 422, 409)
        assert said in deployed.json()["detail"]
        assert said in run.json()["detail"]

    def test_refuse_them_for_a_run_that_waits_already(self, api, deployment_body):
        deployment = api.post("/deployments/", deployment_body).json()
        run = api.post(f"/deployments/{deployment['id']}/create_flow_run", {}).json()

        refused = api.patch(f"/flow_runs/{run['id']}", {"job_variables": {"time_limit_seconds": "long"}})
        taken = api.patch(f"/flow_runs/{run['id']}", {"job_variables": {"time_limit_seconds": 60}})

        assert (refused.status_code, taken.status_code) == (422, 204)
        assert "time_limit_seconds" in refused.json()["detail"]
        assert api.get(f"/flow_runs/{run['id']}").json()["job_variables"] == {"time_limit_seconds": 60}
