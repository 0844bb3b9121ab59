"""Why a run does not run, asked over the API about rows that the API made."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployments.models import Deployment, Worker
from deployments.services.scheduling import plan_due_schedules
from orchestrator.contract.ids import uuid7
from orchestrator.contract.times import format_time, now
from orchestrator.periodic.models import ServiceRecord
from orchestrator.periodic.registry import all_services
from orchestrator.web.models import WebPulse
from runs.models import FlowRun, Heartbeat
from runs.services.late import mark_late


@pytest.fixture
def up(db):
    """A server that is up, all of whose services ran just now."""
    WebPulse.objects.create(started_at=now() - timedelta(hours=1), last_seen=now())
    for service in all_services():
        ServiceRecord.objects.update_or_create(
            name=service.name, defaults={"last_started_at": now(), "last_finished_at": now()}
        )


@pytest.fixture
def pool(api, up):
    """A Celery pool with a worker that is online."""
    api.post("/work_pools/", {"name": "cluster", "type": "celery"})
    heartbeat(api)
    return "cluster"


def heartbeat(api, pool="cluster", name="w-1", **more):
    assert api.post(f"/work_pools/{pool}/workers/heartbeat", {"name": name, **more}).status_code == 204


def deploy(api, pool=None, name="nightly", **more):
    flow = api.post("/flows/", {"name": "etl"}).json()["id"]
    body = {"name": name, "flow_id": flow, "entrypoint": "flow.py:main", "path": "/srv", **more}
    if pool:
        body["work_pool_name"] = pool
    return api.post("/deployments/", body).json()["id"]


def run(api, deployment_id, **state):
    body = {"state": {"type": "SCHEDULED", **state}} if state else {}
    return api.post(f"/deployments/{deployment_id}/create_flow_run", body).json()["id"]


def why(api, run_id):
    response = api.get(f"/flow_runs/{run_id}/why")
    assert response.status_code == 200
    return response.json()


def first(api, run_id):
    return why(api, run_id)["causes"][0]


def due(**time):
    """The part of a state that says for when the run is scheduled, so long from now."""
    return {"state_details": {"scheduled_time": format_time(now() + timedelta(**time))}}


def test_answers_404_for_an_unknown_run(api):
    assert api.get("/flow_runs/0190aaaa-0000-7000-8000-000000000000/why").status_code == 404


def test_says_when_a_run_is_due(api, pool):
    answer = why(api, run(api, deploy(api, pool), **due(hours=1)))

    assert answer["causes"][0]["code"] == "not_due"
    assert answer["overdue_seconds"] == 0


def test_names_the_paused_pool_and_the_way_out(api, pool):
    run_id = run(api, deploy(api, pool))
    api.patch("/work_pools/cluster", {"is_paused": True})

    cause = first(api, run_id)

    assert cause["code"] == "pool_paused"
    assert cause["subject"]["kind"] == "work-pool"
    assert cause["action"]["command"] == "orchestrator work-pool resume cluster"


def test_names_the_paused_queue(api, pool):
    deployment = deploy(api, pool, work_queue_name="slow")
    run_id = run(api, deployment)
    queue = Deployment.objects.get(pk=deployment).work_queue
    api.patch(f"/work_queues/{queue.pk}", {"is_paused": True})

    assert first(api, run_id)["code"] == "queue_paused"


def test_says_that_no_worker_is_online(api, up):
    api.post("/work_pools/", {"name": "empty", "type": "celery"})

    cause = first(api, run(api, deploy(api, "empty")))

    assert cause["code"] == "no_worker_online"
    assert cause["since"] is None


def test_says_which_worker_was_the_last(api, pool):
    run_id = run(api, deploy(api, pool))
    Worker.objects.update(last_heartbeat_time=now() - timedelta(minutes=5), silent_after=now() - timedelta(minutes=3))

    cause = first(api, run_id)

    assert cause["code"] == "no_worker_online"
    assert cause["subject"]["name"] == "w-1"
    assert "5m 00s ago" in cause["summary"]


def test_says_that_nobody_serves_the_deployment(api, up):
    assert first(api, run(api, deploy(api)))["code"] == "nobody_serves_deployment"


def test_says_that_the_program_that_serves_it_was_there_just_now(api, up):
    deployment = deploy(api)
    run_id = run(api, deployment)
    api.post("/deployments/get_scheduled_flow_runs", {"deployment_ids": [deployment]})

    assert first(api, run_id)["code"] == "waits_for_runner"


def claim(api, run_id, name="w-1"):
    return api.post("/work_pools/cluster/claims", {"flow_run_id": run_id, "worker_name": name})


def test_says_who_fills_the_pool(api, pool):
    api.patch("/work_pools/cluster", {"concurrency_limit": 1})
    deployment = deploy(api, pool)
    holder, waiting = run(api, deployment), run(api, deployment)
    assert claim(api, holder).status_code == 201
    assert claim(api, waiting).status_code == 409

    cause = first(api, waiting)

    assert cause["code"] == "pool_full"
    assert "1 of 1" in cause["summary"]
    assert [one["id"] for one in cause["held_by"]] == [holder]


def test_says_who_has_the_slot_of_the_deployment(api, pool):
    deployment = deploy(api, pool, concurrency_limit=1)
    holder, waiting = run(api, deployment), run(api, deployment)
    claim(api, holder)
    assert claim(api, waiting).status_code == 409

    answer = why(api, waiting)

    assert answer["state_name"] == "AwaitingConcurrencySlot"
    assert [cause["code"] for cause in answer["causes"]] == ["waits_for_slot", "limit_full"]
    assert [one["id"] for one in answer["causes"][1]["held_by"]] == [holder]


def test_does_not_say_that_a_run_waits_for_its_own_slot(api, pool):
    run_id = run(api, deploy(api, pool, concurrency_limit=1))
    claim(api, run_id)

    answer = why(api, run_id)

    assert [cause["code"] for cause in answer["causes"]] == ["claimed"]
    assert answer["causes"][0]["subject"] == {"kind": "worker", "id": None, "name": "w-1"}


def test_says_what_every_worker_executes(api, pool):
    Worker.objects.update(concurrency=1)
    deployment = deploy(api, pool)
    executed, waiting = run(api, deployment), run(api, deployment)
    claim(api, executed)

    cause = first(api, waiting)

    assert cause["code"] == "workers_busy"
    assert [one["id"] for one in cause["held_by"]] == [executed]


def test_counts_the_runs_that_come_first(api, pool):
    deployment = deploy(api, pool)
    urgent = deploy(api, pool, name="urgent", work_queue_name="urgent")
    first_queue = Deployment.objects.get(pk=urgent).work_queue
    api.patch(f"/work_queues/{first_queue.pk}", {"priority": 1})
    run(api, urgent)
    run(api, deployment)
    run_id = run(api, deployment)

    found = {cause["code"]: cause["summary"] for cause in why(api, run_id)["causes"]}

    assert "1 run in work queue default" in found["runs_ahead"]
    assert "1 due run in queues" in found["higher_priority_ahead"]


def test_says_by_how_much_a_late_run_is_late(api, pool):
    run_id = run(api, deploy(api, pool), **due(minutes=-5))
    FlowRun.objects.update(state_timestamp=now() - timedelta(minutes=5))
    api.patch("/work_pools/cluster", {"is_paused": True})
    assert mark_late() == 1

    answer = why(api, run_id)

    assert answer["state_name"] == "Late"
    assert answer["summary"] == "5m 00s late. Work pool cluster is paused: none of its runs begins."
    assert 300 <= answer["overdue_seconds"] < 310


def test_says_that_no_services_run(api, pool):
    run_id = run(api, deploy(api, pool), **due(minutes=-5))
    ServiceRecord.objects.update(
        last_started_at=now() - timedelta(minutes=4), last_finished_at=now() - timedelta(minutes=4)
    )

    cause = first(api, run_id)

    assert cause["code"] == "no_services_running"
    assert cause["certain"]


def test_says_that_it_runs_and_how_it_ended(api, pool):
    run_id = run(api, deploy(api, pool))
    header = {"X-Orchestrator-Claim": claim(api, run_id).json()["id"]}
    api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "RUNNING"}}, **header)
    runs = first(api, run_id)
    api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "FAILED", "message": "boom"}}, **header)

    ended = first(api, run_id)

    assert runs["code"] == "running"
    assert runs["summary"].startswith("It runs on worker w-1")
    assert (ended["code"], ended["summary"]) == ("ended", "It is Failed: boom")


def test_tells_a_lost_attempt(api, pool):
    run_id = run(api, deploy(api, pool))
    claim(api, run_id)
    api.post("/work_pools/cluster/claims/lost", {"flow_run_id": run_id, "worker_name": "w-1", "reason": "killed by 9"})

    answer = why(api, run_id)

    assert answer["state_name"] == "AwaitingRetry"
    assert "killed by 9" in next(one["summary"] for one in answer["causes"] if one["code"] == "attempts_were_lost")


def test_asks_a_bounded_number_of_questions(api, pool, django_assert_max_num_queries):
    api.patch("/work_pools/cluster", {"concurrency_limit": 3})
    deployment = deploy(api, pool, concurrency_limit=3)
    for number in range(3):
        heartbeat(api, name=f"w-{number}")
        claim(api, run(api, deployment))
    run_id = run(api, deployment)

    with django_assert_max_num_queries(18):
        answer = why(api, run_id)

    assert [cause["code"] for cause in answer["causes"]][:2] == ["limit_full", "pool_full"]


def test_says_that_a_missed_run_will_be_skipped(api, pool):
    schedule = {"schedule": {"interval": 86400}, "active": True}
    deployment = deploy(api, pool, schedules=[schedule])
    api.post(f"/deployments/{deployment}/schedule", {"min_runs": 1})
    planned = FlowRun.objects.filter(deployment=deployment).first()
    moment = now() - timedelta(minutes=10)
    FlowRun.objects.filter(pk=planned.pk).update(next_scheduled_start_time=moment, created=moment - timedelta(hours=1))
    Deployment.objects.filter(pk=deployment).update(catch_up_policy="none")

    cause = first(api, planned.pk)

    assert cause["code"] == "skipped_by_catch_up"
    assert "are not made up for" in cause["summary"]


def test_tells_the_last_sign_of_life(api, up):
    run_id = run(api, deploy(api))
    api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "PENDING"}})
    api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "RUNNING"}})
    Heartbeat.objects.create(
        flow_run_id=run_id, last_at=now() - timedelta(minutes=3), silent_after=now() - timedelta(seconds=1)
    )

    assert first(api, run_id)["code"] == "process_is_silent"


def why_deployment(api, deployment_id):
    return api.get(f"/deployments/{deployment_id}/why").json()


def test_answers_404_for_an_unknown_deployment(api):
    assert api.get("/deployments/0190aaaa-0000-7000-8000-000000000000/why").status_code == 404


def test_says_why_no_runs_of_a_deployment_come(api, pool):
    deployment = deploy(api, pool, schedules=[{"schedule": {"interval": 3600}, "active": False}])
    api.post(f"/deployments/{deployment}/pause_deployment")
    api.patch("/work_pools/cluster", {"is_paused": True})

    answer = why_deployment(api, deployment)

    assert answer["deployment_name"] == "etl/nightly"
    assert [one["code"] for one in answer["causes"]] == ["deployment_paused", "schedule_inactive", "pool_paused"]


def test_says_only_that_it_is_paused_of_a_deployment_whose_schedule_would_go_on(api, pool):
    deployment = deploy(api, pool, schedules=[{"schedule": {"interval": 3600}}])
    api.post(f"/deployments/{deployment}/schedule", {})
    api.post(f"/deployments/{deployment}/pause_deployment")
    plan_due_schedules()

    assert [one["code"] for one in why_deployment(api, deployment)["causes"]] == ["deployment_paused"]


def test_tells_the_next_run_of_a_deployment(api, pool, django_assert_max_num_queries):
    deployment = deploy(api, pool, schedules=[{"schedule": {"interval": 3600}}])
    api.post(f"/deployments/{deployment}/schedule", {"min_runs": 1})

    with django_assert_max_num_queries(14):
        answer = why_deployment(api, deployment)

    assert answer["causes"][0]["code"] == "next_run_planned"
    assert answer["next_run_at"] is not None


def why_task(api, task_run_id):
    return api.get(f"/task_runs/{task_run_id}/why").json()


def task_run(api, flow_run_id=None, key="add-1", **more):
    body = {"flow_run_id": flow_run_id, "task_key": key, "dynamic_key": str(uuid7()), "name": "add", **more}
    return api.post("/task_runs/", body).json()["id"]


def set_task_state(api, task_run_id, type_):
    return api.post(f"/task_runs/{task_run_id}/set_state", {"state": {"type": type_}}).json()


@pytest.fixture
def flow_run(api, up):
    flow = api.post("/flows/", {"name": "etl"}).json()["id"]
    run_id = api.post("/flow_runs/", {"flow_id": flow, "state": {"type": "PENDING"}}).json()["id"]
    api.post(f"/flow_runs/{run_id}/set_state", {"state": {"type": "RUNNING"}})
    return run_id


def test_says_which_task_has_the_slot_of_the_tag(api, flow_run):
    api.post("/concurrency_limits/", {"tag": "database", "concurrency_limit": 1})
    holder = task_run(api, flow_run, tags=["database"], state={"type": "PENDING"})
    waiting = task_run(api, flow_run, tags=["database"], state={"type": "PENDING"})
    set_task_state(api, holder, "RUNNING")
    assert set_task_state(api, waiting, "RUNNING")["status"] == "WAIT"

    cause = why_task(api, waiting)["causes"][0]

    assert cause["code"] == "limit_full"
    assert [one["id"] for one in cause["held_by"]] == [holder]
    assert why_task(api, holder)["causes"][0]["code"] == "running"


def test_says_that_the_flow_of_a_task_does_not_run(api, flow_run):
    waiting = task_run(api, flow_run, state={"type": "PENDING"})
    assert why_task(api, waiting)["causes"][0]["code"] == "waits_in_its_flow"
    api.post(f"/flow_runs/{flow_run}/set_state", {"state": {"type": "FAILED"}})

    assert why_task(api, waiting)["causes"][0]["code"] == "parent_not_running"


def test_says_that_no_task_worker_knows_the_task(api, up):
    state = {"type": "SCHEDULED", "state_details": {"deferred": True}}
    ahead, waiting = (task_run(api, state=state) for _ in range(2))

    answer = why_task(api, waiting)

    assert [one["code"] for one in answer["causes"]] == ["no_task_worker", "runs_ahead"]
    assert [one["code"] for one in why_task(api, ahead)["causes"]] == ["no_task_worker"]
