from datetime import UTC, datetime, timedelta
from uuid import uuid4

from orchestrator.contract.times import format_time
from runs.models import Log
from tests.factories import make_flow_run, make_logs, make_task_run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def line(message="hello", *, seconds=0, **columns):
    when = format_time(NOON + timedelta(seconds=seconds))
    return {"name": "prefect.flow_runs", "level": 20, "message": message, "timestamp": when, **columns}


def test_stores_a_batch_and_answers_null(api):
    run_id = str(uuid4())

    response = api.post("/logs/", [line("a", flow_run_id=run_id), line("b", flow_run_id=run_id, seconds=1)])

    assert (response.status_code, response.json()) == (201, None)
    rows = api.post("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}}).json()
    assert [row["message"] for row in rows] == ["a", "b"]
    assert set(rows[0]) == {
        "id", "created", "updated", "name", "level", "message", "timestamp", "flow_run_id", "task_run_id",
    }  # fmt: skip


def test_stores_a_line_with_an_id_once(api):
    sent = line(id=str(uuid4()))

    for _ in range(2):
        assert api.post("/logs", [sent, sent, line("other")]).status_code == 201

    assert Log.objects.filter(message="hello").count() == 1


def test_keeps_lines_of_one_moment_in_their_order(api):
    api.post("/logs", [line(str(number)) for number in range(20)])

    rows = api.post("/logs/filter", {}).json()

    assert [row["message"] for row in rows] == [str(number) for number in range(20)]


def test_stores_a_batch_with_few_queries(api, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        api.post("/logs", [line() for _ in range(100)])


def test_stores_nothing_of_an_empty_batch(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api.post("/logs", []).status_code == 201


def test_names_the_line_that_is_wrong(api):
    response = api.post("/logs", [line(), {"name": "x"}])

    assert response.status_code == 422
    assert response.json()["exception_detail"][0]["loc"][:2] == ["body", 1]
    assert not Log.objects.exists()


def test_filters_by_level_task_and_text(api):
    task = make_task_run()
    make_logs(task, "the task warns", level=30)
    make_logs(task.flow_run, "the flow fails", level=40)

    def found(**filters):
        return [row["message"] for row in api.post("/logs/filter", {"logs": filters}).json()]

    assert found(level={"ge_": 40}) == ["the flow fails"]
    assert found(task_run_id={"is_null_": False}) == ["the task warns"]
    assert found(task_run_id={"any_": [str(task.pk)]}) == ["the task warns"]
    assert found(text={"query": "+the -flow"}) == ["the task warns"]
    assert found(text={"query": "TASK nothing"}) == ["the task warns"]


def test_sorts_the_newest_first_when_asked(api):
    api.post("/logs", [line("old"), line("new", seconds=5)])

    rows = api.post("/logs/filter", {"sort": "TIMESTAMP_DESC", "limit": 1}).json()

    assert [row["message"] for row in rows] == ["new"]


def test_refuses_a_large_limit_in_the_words_that_the_client_looks_for(api):
    response = api.post("/logs/filter", {"limit": 201})

    assert response.status_code == 422
    assert "Invalid limit" in response.json()["detail"]


def test_downloads_the_lines_of_a_run_as_csv(api):
    run = make_flow_run(name="amber-dove")
    make_logs(run, "first", 'with "quotes", and a\nnewline')

    response = api.get(f"/flow_runs/{run.pk}/logs/download")

    text = b"".join(response.streaming_content).decode()
    assert text.splitlines()[0] == "timestamp,level,flow_run_id,task_run_id,message"
    assert '"with ""quotes"", and a\nnewline"' in text
    assert "amber-dove-logs.csv" in response["Content-Disposition"]


def test_refuses_a_time_that_utc_cannot_say(api):
    line = {"name": "a", "level": 20, "message": "x", "timestamp": "0001-01-01T00:00:00+05:00"}

    assert api.post("/logs/", [line]).status_code == 422
