from datetime import timedelta
from uuid import uuid4

import pytest

from deployments.models import WorkQueue
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from tests.factories import make_deployment, make_flow, make_flow_run, make_work_pool


@pytest.fixture
def pool(db):
    return make_work_pool("cluster")


def waiting(queue, **columns):
    values = {"next_scheduled_start_time": now(), "work_queue": queue, "work_queue_name": queue.name}
    return make_flow_run("SCHEDULED", **values | columns)


def priorities(pool):
    return {queue.name: queue.priority for queue in WorkQueue.objects.filter(work_pool=pool)}


class TestWithoutAPool:
    def test_belong_to_the_pool_for_agents(self, api):
        response = api.post("/work_queues/", {"name": "fast", "concurrency_limit": 2})

        made = response.json()
        assert response.status_code == 201
        assert (made["work_pool_name"], made["active_slots"]) == ("default-agent-pool", 0)
        assert api.get("/work_queues/name/fast").json() == made
        assert api.get(f"/work_queues/{made['id']}").json() == made
        pool = api.get("/work_pools/default-agent-pool").json()
        assert (pool["type"], pool["status"]) == ("prefect-agent", None)

    def test_are_made_by_a_deployment_that_names_one_alone(self, api):
        body = {"name": "a", "flow_id": make_flow().pk, "work_queue_name": "fast"}

        made = api.post("/deployments/", body).json()

        assert (made["work_pool_name"], made["work_queue_name"]) == ("default-agent-pool", "fast")
        assert api.get("/work_queues/name/fast").json()["priority"] == 1

    def test_have_names_of_their_own(self, api):
        api.post("/work_queues/", {"name": "fast"})

        assert api.post("/work_queues/", {"name": "fast"}).status_code == 409

    def test_can_be_the_default_one(self, api):
        assert api.post("/work_queues/", {"name": "default"}).status_code == 201

    def test_hand_out_what_fits_their_filter(self, api, pool):
        queue = api.post("/work_queues/", {"name": "tagged", "filter": {"tags": ["a"]}}).json()
        deployment = make_deployment(make_flow(), pool=pool)
        fits = waiting(pool.default_queue, deployment=deployment, tags=["a", "b"])
        waiting(pool.default_queue, deployment=deployment, tags=["b"])
        waiting(pool.default_queue, tags=["a"])  # of no deployment

        found = api.post(f"/work_queues/{queue['id']}/get_runs", {}).json()

        assert [run["id"] for run in found] == [str(fits.pk)]


class TestPriorities:
    def test_fill_the_first_gap(self, api, pool):
        api.post("/work_pools/cluster/queues", {"name": "third", "priority": 3})

        api.post("/work_pools/cluster/queues", {"name": "next"})

        assert priorities(pool) == {"default": 1, "next": 2, "third": 3}

    def test_push_back_only_as_far_as_needed(self, api, pool):
        for name, priority in (("b", 2), ("d", 4)):
            api.post("/work_pools/cluster/queues", {"name": name, "priority": priority})

        api.post("/work_pools/cluster/queues", {"name": "first", "priority": 1})

        assert priorities(pool) == {"first": 1, "default": 2, "b": 3, "d": 4}


class TestOneQueue:
    def test_hands_out_its_runs_soonest_first_within_its_limit(self, api, pool):
        queue = pool.default_queue
        later = waiting(queue, next_scheduled_start_time=now() - timedelta(minutes=1))
        sooner = waiting(queue, next_scheduled_start_time=now() - timedelta(minutes=2))
        path = f"/work_queues/{queue.pk}/get_runs"

        assert [run["id"] for run in api.post(path, {}).json()] == [str(sooner.pk), str(later.pk)]
        WorkQueue.objects.filter(pk=queue.pk).update(concurrency_limit=2)
        make_flow_run("CANCELLING", work_queue=queue)
        assert [run["id"] for run in api.post(path, {}).json()] == [str(sooner.pk)]
        WorkQueue.objects.filter(pk=queue.pk).update(is_paused=True)
        assert api.post(path, {}).json() == []

    def test_is_ready_once_it_was_asked_for_its_work(self, api, pool):
        path = f"/work_queues/{pool.default_queue_id}"

        api.post(f"{path}/get_runs", {})

        assert api.get(path).json()["status"] == "READY"
        assert api.get(f"{path}/status").json()["healthy"] is True
        event = Event.objects.get(event="prefect.work-queue.ready")
        assert event.related[0]["prefect.work-pool.type"] == "celery"

    def test_is_not_ready_for_somebody_who_only_looks(self, api, pool):
        path = f"/work_queues/{pool.default_queue_id}"

        api.post(f"{path}/get_runs", {}, **{"X-Prefect-UI": "true"})

        assert api.get(path).json()["last_polled"] is None
        assert api.get(f"{path}/status").json() == {
            "healthy": False,
            "late_runs_count": 0,
            "last_polled": None,
            "health_check_policy": {"maximum_late_runs": 0, "maximum_seconds_since_last_polled": 60},
        }

    def test_is_ready_again_after_a_pause_when_it_was_asked_lately(self, api, pool):
        path = f"/work_queues/{pool.default_queue_id}"
        api.post(f"{path}/get_runs", {})

        api.patch(path, {"is_paused": True})
        paused = api.get(path).json()["status"]
        api.patch(path, {"is_paused": False})

        assert (paused, api.get(path).json()["status"]) == ("PAUSED", "READY")

    def test_tells_which_runs_take_up_its_places(self, api, pool):
        run = make_flow_run("RUNNING", work_queue=pool.default_queue)

        told = api.post(f"/work_queues/{pool.default_queue_id}/concurrency_status", {"limit": 1}).json()

        assert (told["active_slots"], told["count"], told["pages"], told["page"]) == (1, 1, 1, 1)
        assert told["flow_runs"][0]["id"] == str(run.pk)
        assert told["flow_runs"][0]["time_in_current_state"] >= 0

    def test_is_not_found_elsewhere(self, api):
        path = f"/work_queues/{uuid4()}"

        for response in (api.get(path), api.patch(path, {}), api.delete(path), api.get("/work_queues/name/none")):
            assert (response.status_code, response.json()) == (404, {"detail": "work queue not found"})
        for response in (api.get(f"{path}/status"), api.post(f"{path}/get_runs", {})):
            assert response.status_code == 404
            assert "exception_message" in response.json()

    def test_tells_what_changed(self, api, pool):
        api.patch(f"/work_queues/{pool.default_queue_id}", {"description": "new", "concurrency_limit": 3})

        event = Event.objects.get(event="prefect.work-queue.updated")
        assert sorted(event.payload["updated_fields"]) == ["concurrency_limit", "description"]
        assert event.payload["updates"]["concurrency_limit"] == {"from": None, "to": 3}


def test_a_pool_tells_which_runs_take_up_its_places(api, pool):
    api.post("/work_pools/cluster/queues", {"name": "other"})
    runs = [make_flow_run("RUNNING", work_queue=pool.default_queue) for _ in range(3)]

    told = api.post("/work_pools/cluster/concurrency_status", {"flow_run_limit": 2}).json()

    assert (told["active_slots"], told["concurrency_limit"], told["count"]) == (3, None, 2)
    first, second = told["queues"]
    assert (first["queue_name"], first["flow_run_count"], second["flow_run_count"]) == ("default", 3, 0)
    assert [run["id"] for run in first["flow_runs"]] == sorted(str(run.pk) for run in runs)[:2]


def test_old_clients_are_not_told_of_a_key_that_breaks_them(api, pool):
    def configuration(agent):
        return api.get("/work_pools/cluster", **{"User-Agent": agent}).json()["storage_configuration"]

    assert "default_result_storage_block_id" not in configuration("prefect/3.3.7 (API 0.8.4)")
    assert "default_result_storage_block_id" in configuration("prefect/3.3.8 (API 0.8.4)")


def test_finds_queues_of_every_pool_by_name(api, pool):
    make_work_pool("another")
    api.post("/work_pools/cluster/queues", {"name": "almost"})

    found = api.post("/work_queues/filter", {"work_queues": {"name": {"startswith_": ["de", "al"]}}}).json()

    assert [queue["name"] for queue in found] == ["almost", "default", "default", "default"]
