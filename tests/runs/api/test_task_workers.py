"""Task workers that are connected."""

from runs.services.background import subscribe


def test_are_listed_by_the_tasks_that_they_know(api):
    subscribe(client_id="host-1", task_keys=["add"])
    subscribe(client_id="host-2", task_keys=["add", "mul"])

    found = api.post("/task_workers/filter", {"task_worker_filter": {"task_keys": ["mul"]}}).json()

    assert [(worker["identifier"], worker["task_keys"]) for worker in found] == [("host-2", ["add", "mul"])]
    assert len(api.post("/task_workers/filter").json()) == 2
    assert len(api.post("/task_workers/filter", {"task_worker_filter": {"task_keys": []}}).json()) == 2


def test_are_not_listed_by_a_filter_without_keys(api):
    assert api.post("/task_workers/filter", {"task_worker_filter": {}}).status_code == 422
