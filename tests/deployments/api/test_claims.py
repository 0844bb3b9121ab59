from datetime import timedelta
from uuid import uuid4

import pytest

from deployments.models import WorkQueue
from orchestrator.contract.times import now
from runs.models import Claim
from tests.factories import make_deployment, make_flow_run, make_work_pool


@pytest.fixture
def pool(db):
    return make_work_pool("cluster")


@pytest.fixture
def run(pool):
    deployment = make_deployment(pool=pool)
    return make_flow_run(
        "SCHEDULED",
        flow=deployment.flow,
        deployment=deployment,
        work_queue=pool.default_queue,
        next_scheduled_start_time=now(),
    )


def claim(api, run, *, pool="cluster"):
    return api.post(f"/work_pools/{pool}/claims", {"flow_run_id": run.pk, "worker_name": "w"})


def state_of(api, run):
    return api.get(f"/flow_runs/{run.pk}").json()["state"]


def test_gives_a_run_to_a_worker_with_all_it_needs(api, run, settings):
    response = claim(api, run)

    answer = response.json()
    assert response.status_code == 201
    assert (answer["attempt"], answer["max_attempts"]) == (1, settings.MAX_ATTEMPTS)
    assert answer["lease_seconds"] == settings.LEASE_SECONDS
    assert (answer["flow_run"]["id"], answer["flow_run"]["state_type"]) == (str(run.pk), "PENDING")
    assert answer["flow"]["id"] == str(run.flow_id)
    assert answer["deployment"]["entrypoint"] == "flow.py:main"


def test_tells_the_queue_of_the_deployment_though_the_run_waits_in_another(api, run, pool):
    run.work_queue = WorkQueue.objects.create(work_pool=pool, name="urgent", priority=2)
    run.save()

    answer = claim(api, run).json()

    assert answer["flow_run"]["work_queue_id"] == str(run.work_queue_id)
    assert answer["deployment"]["work_queue_name"] == pool.default_queue.name


def test_gives_a_run_with_seven_statements(api, run, pool, django_assert_num_queries):
    """What its rules, its event and the answer tell is read with the run itself, and nothing after that."""
    pool.base_job_template = {"variables": {"properties": {"image": {"type": "string", "default": "here"}}}}
    pool.save()
    before = make_flow_run(
        "SCHEDULED",
        flow=run.flow,
        deployment=run.deployment,
        work_queue=run.work_queue,
        next_scheduled_start_time=now(),
    )
    claim(api, before)

    with django_assert_num_queries(9):  # and the savepoint around them, because a test is a transaction
        answer = claim(api, run).json()

    assert answer["deployment"]["job_variables"] == {"image": "here"}


def test_gives_a_run_away_once(api, run):
    claim(api, run)

    response = claim(api, run)

    assert response.status_code == 409
    assert isinstance(response.json()["detail"], str)


def test_gives_no_run_from_another_pool(api, run):
    make_work_pool("other")

    assert claim(api, run, pool="other").status_code == 409
    assert claim(api, run, pool="nowhere").status_code == 404


@pytest.mark.parametrize("path", ["/work_pools/cluster", "/work_pools/cluster/queues/default"])
@pytest.mark.parametrize("change", [{"is_paused": True}, {"concurrency_limit": 1}])
def test_gives_no_run_from_what_is_paused_or_full(api, run, pool, path, change):
    make_flow_run("RUNNING", work_queue=pool.default_queue)
    api.patch(path, change)

    assert claim(api, run).status_code == 409


def test_gives_a_run_while_there_is_room(api, run):
    api.patch("/work_pools/cluster", {"concurrency_limit": 1})

    assert claim(api, run).status_code == 201


def test_gives_no_run_before_its_time(api, pool):
    early = make_flow_run(
        "SCHEDULED", work_queue=pool.default_queue, next_scheduled_start_time=now() + timedelta(minutes=1)
    )

    assert claim(api, early).status_code == 409


def test_does_not_find_a_run(api, pool):
    assert api.post("/work_pools/cluster/claims", {"flow_run_id": uuid4(), "worker_name": "w"}).status_code == 404


def test_renews_a_claim_and_tells_the_state(api, run):
    id = claim(api, run).json()["id"]

    response = api.post(f"/claims/{id}/renew")

    assert response.status_code == 200
    assert (response.json()["state_type"], response.json()["state_name"]) == ("PENDING", "Pending")


def test_renews_a_claim_with_few_queries(api, run, django_assert_max_num_queries):
    id = claim(api, run).json()["id"]

    with django_assert_max_num_queries(2):
        api.post(f"/claims/{id}/renew")


def test_tells_a_worker_whose_claim_ended_to_stop(api, run):
    id = claim(api, run).json()["id"]
    Claim.objects.update(ended_at=now())

    for gone in (id, uuid4()):
        assert api.post(f"/claims/{gone}/renew").status_code == 410


def test_ends_a_claim_however_often_it_is_given_back(api, run):
    id = claim(api, run).json()["id"]
    for state_type in ("RUNNING", "COMPLETED"):
        api.post(f"/flow_runs/{run.pk}/set_state", {"state": {"type": state_type}}, x_orchestrator_claim=id)

    for _ in range(2):
        assert api.post(f"/claims/{id}/release", {"reason": None}).status_code == 204

    assert Claim.objects.get().outcome == "finished"
    assert state_of(api, run)["type"] == "COMPLETED"


def test_begins_a_run_again_whose_process_died(api, run):
    id = claim(api, run).json()["id"]

    api.post(f"/claims/{id}/release", {"reason": "Killed by signal 9"})

    state = state_of(api, run)
    assert (state["type"], state["name"]) == ("SCHEDULED", "AwaitingRetry")
    assert "Killed by signal 9" in state["message"]
    assert claim(api, run).json()["attempt"] == 2


def test_hears_from_a_worker_that_its_child_died(api, run):
    claim(api, run)

    response = api.post(
        "/work_pools/cluster/claims/lost", {"flow_run_id": run.pk, "worker_name": "w", "reason": "Out of memory"}
    )

    assert response.status_code == 204
    assert "Out of memory" in state_of(api, run)["message"]


def test_does_not_take_the_word_of_a_worker_of_another_pool(api, run):
    claim(api, run)
    api.post("/work_pools/", {"name": "elsewhere", "type": "celery"})

    response = api.post(
        "/work_pools/elsewhere/claims/lost", {"flow_run_id": run.pk, "worker_name": "w", "reason": "Out of memory"}
    )

    assert response.status_code == 204
    assert state_of(api, run)["type"] == "PENDING"


def test_refuses_a_reason_without_end(api, run):
    body = {"flow_run_id": run.pk, "worker_name": "w", "reason": "x" * 10_001}

    assert api.post("/work_pools/cluster/claims/lost", body).status_code == 422


def test_gives_a_worker_of_certain_queues_only_their_runs(api, run):
    body = {"flow_run_id": run.pk, "worker_name": "w"}

    refused = api.post("/work_pools/cluster/claims", {**body, "work_queue_names": ["gpu"]})
    given = api.post("/work_pools/cluster/claims", {**body, "work_queue_names": ["gpu", "default"]})

    assert (refused.status_code, given.status_code) == (409, 201)
    assert "'default', which this worker does not serve" in refused.json()["detail"]


def test_does_not_count_what_is_handed_back_as_a_failed_attempt(api, run, settings):
    settings.MAX_ATTEMPTS = 2
    for _ in range(3):
        claim(api, run)
        api.post(
            "/work_pools/cluster/claims/lost",
            {"flow_run_id": run.pk, "worker_name": "w", "reason": "The worker was stopped", "handed_back": True},
        )

    assert state_of(api, run)["name"] == "AwaitingRetry"
    assert "attempt 1 of 2 follows" in state_of(api, run)["message"]
    assert claim(api, run).json()["attempt"] == 4


def test_tells_the_pool_s_job_variables_below_the_deployment_s(api, run, pool):
    variables = {
        "type": "object",
        "properties": {
            "env": {"type": "object", "default": {"A": "pool", "B": "pool"}},
            "cancel_grace_seconds": {"type": "number", "default": 5},
            "isolation": {"type": "string"},
        },
    }
    pool.base_job_template = {"job_configuration": {"env": "{{ env }}"}, "variables": variables}
    pool.save()
    run.deployment.job_variables = {"env": {"B": "deployment"}}
    run.deployment.save()

    deployment = claim(api, run).json()["deployment"]

    assert deployment["job_variables"] == {"env": {"A": "pool", "B": "deployment"}, "cancel_grace_seconds": 5}


def test_takes_no_endless_list_of_queues(api, run):
    body = {"flow_run_id": str(run.pk), "worker_name": "w", "work_queue_names": [str(n) for n in range(1001)]}

    assert api.post("/work_pools/cluster/claims", body).status_code == 422
