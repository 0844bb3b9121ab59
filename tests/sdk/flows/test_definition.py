from __future__ import annotations

import json

from orchestrator import flow, task


@task(retries=2, retry_delay_seconds=[1, 2], tags=["io"], timeout_seconds=5, version="1")
def load(path):
    """Reads it."""


@task
def store(rows, where="db"): ...


@flow(name="etl", version="3", description="Moves.", retries=1, retry_delay_seconds=2, tags=["b", "a"])
def etl(path: str, limit: int = 10):
    rows = load.submit(path)
    if limit:
        store(rows, where="file")


def test_tells_everything_as_json():
    dumped = etl.model_dump()

    assert json.loads(json.dumps(dumped)) == dumped
    told = ("name", "version", "description", "tags", "retries", "retry_delay_seconds", "timeout_seconds")
    assert [dumped[key] for key in told] == ["etl", "3", "Moves.", ["a", "b"], 1, 2, None]
    assert dumped["entrypoint"].endswith("test_definition.py:etl")
    assert dumped["task_runner"]["type"] == "ThreadPoolTaskRunner"
    assert dumped["parameters"]["required"] == ["path"]
    assert dumped["parameters"]["properties"]["limit"]["default"] == 10


def test_tells_tasks_and_what_they_wait_for():
    dumped = etl.model_dump()

    loaded, stored = dumped["tasks"]
    assert (loaded["id"], loaded["mode"], loaded["retries"], loaded["tags"]) == ("load", "submit", 2, ["io"])
    assert (loaded["retry_delay_seconds"], loaded["timeout_seconds"], loaded["version"]) == ([1, 2], 5, "1")
    assert (stored["name"], stored["kind"], stored["conditional"], stored["repeats"]) == ("store", "task", True, False)
    assert dumped["dependencies"] == [{"from": "load", "to": "store", "kind": "result", "parameters": ["rows"]}]


def test_does_not_know_the_tasks_of_a_flow_without_source():
    space: dict = {}
    exec("def nowhere(x): pass", space)

    dumped = flow(space["nowhere"]).model_dump()

    assert (dumped["name"], dumped["tasks"], dumped["dependencies"]) == ("nowhere", None, None)
    assert dumped["entrypoint"] is None


def test_tells_only_what_is_asked_for():
    assert etl.model_dump(include={"name", "version"}, mode="python") == {"name": "etl", "version": "3"}
    assert "tasks" not in etl.model_dump(exclude=["tasks"])
    assert "timeout_seconds" not in etl.model_dump(exclude_none=True)


def test_writes_it_as_text():
    assert json.loads(etl.model_dump_json(indent=2)) == etl.model_dump()
