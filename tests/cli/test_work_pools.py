"""`orchestrator work-pool …`, `work-queue …` and `worker …`"""

import json


def test_makes_changes_and_deletes_pools(cli, told):
    made = told("work-pool", "create", "etl", "--concurrency-limit", "3", "--description", "loads")
    assert (made["type"], made["concurrency_limit"]) == ("celery", 3)
    assert "already exists" in cli("work-pool", "create", "etl", expect=1).stderr

    cli("work-pool", "update", "etl", "--description", "more loads")
    cli("work-pool", "set-concurrency-limit", "etl", "5")
    cli("work-pool", "pause", "etl")
    pool = told("work-pool", "inspect", "etl")
    assert (pool["description"], pool["concurrency_limit"], pool["status"]) == ("more loads", 5, "PAUSED")

    cli("work-pool", "resume", "etl")
    cli("work-pool", "clear-concurrency-limit", "etl")
    pool = told("work-pool", "inspect", "etl")
    assert (pool["concurrency_limit"], pool["is_paused"]) == (None, False)

    cli("work-pool", "create", "etl", "--overwrite", "--concurrency-limit", "1")
    assert "etl" in cli("work-pool", "ls", "--type", "celery").stdout
    cli("work-pool", "delete", "etl", "--yes")
    assert "work-pool ls" in cli("work-pool", "inspect", "etl", expect=3).stderr


def test_takes_the_template_of_a_type_or_of_a_file(cli, told, tmp_path):
    file = tmp_path / "template.json"

    cli("work-pool", "get-default-base-job-template", "--type", "process", "--file", str(file))
    template = json.loads(file.read_text())
    template["variables"]["properties"]["env"]["description"] = "mine"
    file.write_text(json.dumps(template))
    made = told("work-pool", "create", "shaped", "--type", "process", "--base-job-template", str(file), "--paused")

    assert made["base_job_template"]["variables"]["properties"]["env"]["description"] == "mine"
    assert "there are: " in cli("work-pool", "create", "other", "--type", "dockr", expect=2).stderr
    file.write_text("{")
    assert "no JSON" in cli("work-pool", "update", "shaped", "--base-job-template", str(file), expect=2).stderr


def test_previews_what_waits_and_takes_nothing(made, told, cli):
    cli("work-pool", "create", "ahead")
    run = made.run(made.deployment("looking", "one", work_pool_name="ahead"))

    for _ in range(2):
        assert [each["id"] for each in told("work-pool", "preview", "ahead")] == [run["id"]]


def test_keeps_queues(cli, told):
    cli("work-pool", "create", "lines")
    cli("work-queue", "create", "fast", "--pool", "lines", "--priority", "1", "--limit", "2")

    assert [queue["name"] for queue in told("work-queue", "ls", "--pool", "lines")] == ["fast", "default"]
    cli("work-queue", "set-priority", "fast", "9")
    cli("work-queue", "set-limit", "fast", "4")
    cli("work-queue", "pause", "fast", "--pool", "lines")
    queue = told("work-queue", "inspect", "fast")
    assert (queue["priority"], queue["concurrency_limit"], queue["is_paused"]) == (9, 4, True)
    cli("work-queue", "resume", queue["id"])
    cli("work-queue", "clear-limit", "fast")
    queue = told("work-queue", "inspect", "fast")
    assert (queue["concurrency_limit"], queue["is_paused"]) == (None, False)
    assert "Say which with --pool" in cli("work-queue", "inspect", "default", expect=1).stderr
    assert "default queue" in cli("work-queue", "delete", "default", "-p", "lines", "-y", expect=1).stderr
    cli("work-queue", "delete", "fast", "-y")
    cli("work-queue", "inspect", "fast", expect=3)


def test_lists_and_inspects_workers(server, cli, told):
    cli("work-pool", "create", "staffed", "--type", "process")
    server.ask("POST", "/work_pools/staffed/workers/heartbeat", {"name": "ada", "heartbeat_interval_seconds": 30})

    assert [worker["name"] for worker in told("worker", "ls", "--pool", "staffed", "--online")] == ["ada"]
    assert "ONLINE" in cli("worker", "inspect", "ada").stdout
    assert "worker ls" in cli("worker", "inspect", "bob", expect=3).stderr
