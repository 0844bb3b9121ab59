"""`/runs/flow-run/<id>/logs` and its files."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest

from orchestrator.contract.states import State, StateType
from runs.models import FlowRun, Log
from runs.pages.logs.windows import WINDOW
from tests.factories import make_flow_run, make_logs, make_task_run

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def read(client):
    return lambda run, query="": client.get(f"/runs/flow-run/{run.id}/logs{query}").content.decode()


@pytest.fixture
def download(client):
    def fetch(run, kind: str, query: str = "") -> str:
        answer = client.get(f"/runs/flow-run/{run.id}/logs.{kind}{query}")
        assert answer.status_code == 200
        assert f'filename="logs.{kind}"' in answer["Content-Disposition"]
        return b"".join(answer.streaming_content).decode()

    return fetch


def shown(body: str) -> int:
    return body.count('<li id="L')


def test_opens_a_failed_run_at_the_line_that_tells_why(read):
    run = make_flow_run("FAILED", started=START)
    lines = make_logs(run, *(f"line {number}" for number in range(3 * WINDOW)), started=START)
    Log.objects.filter(id=lines[WINDOW].id).update(level=40)
    assert f'data-at="{lines[WINDOW].id}"' in read(run)

    FlowRun.objects.filter(id=run.id).update(failure_log_id=lines[2 * WINDOW].id)

    assert f'data-at="{lines[2 * WINDOW].id}"' in read(run)
    assert "data-at" not in read(run, "?level=error")


@pytest.mark.parametrize(("state", "first"), [("RUNNING", 11), ("COMPLETED", 1), ("CANCELLED", 11)])
def test_opens_at_the_end_while_it_runs_and_at_the_start_afterwards(read, state, first):
    run = make_flow_run(state, started=START)
    make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START)

    body = read(run)

    assert f'start="{first}"' in body
    assert ("data-follow" in body) is (first > 1)


def test_leads_on_without_a_script(client, read):
    """RUN-10: the last 500 lines and paging work as plain links."""
    run = make_flow_run("RUNNING", started=START)
    lines = make_logs(run, *(f"line {number}" for number in range(WINDOW + 10)), started=START)

    body = read(run)
    before = read(run, f"?before={lines[10].id}")

    assert shown(body) == WINDOW
    assert f'id="log-earlier" data-more="earlier" href="?before={lines[10].id}"' in body
    assert shown(before) == 10
    assert f'id="log-later" data-more="later" href="?from={lines[9].id}"' in before


def test_finds_a_line_among_many(read, django_assert_max_num_queries):
    """LOG-2: what is in line 5,400 of 6,000 is found with one request."""
    run = make_flow_run("COMPLETED", started=START)
    texts = [f"line {number}" for number in range(6000)]
    texts[5400] = "the needle"
    make_logs(run, *texts, started=START)

    with django_assert_max_num_queries(8):
        body = read(run, "?q=needle")

    assert "the <mark>needle</mark>" in body
    assert shown(body) == 5  # with two lines before and after it
    assert 'All <span class="muted">1</span>' in body


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("", {}),
        ("?level=error", {}),  # whichever is chosen
        ("?q=row+7", {"message__icontains": "row 7"}),
        ("?q=ROW+7&level=warning", {"message__icontains": "row 7"}),
        ("?logger=requests", {"name": "requests"}),
        ("?t0=10&t1=30", {"timestamp__range": (START + timedelta(seconds=10), START + timedelta(seconds=29.9))}),
    ],
)
def test_tells_of_each_level_as_many_lines_as_there_are(read, query, lines):
    """LOG-1: the counts of the chips equal those of SQL."""
    run = make_flow_run("COMPLETED", started=START)
    for level, logger, number in ((10, "requests", 31), (20, "flow", 52), (30, "flow", 23), (40, "requests", 14)):
        texts = (f"row {row} at {level}" for row in range(number))
        make_logs(run, *texts, level=level, logger=logger, started=START, every=1)

    body = read(run, query)

    chips = dict(re.findall(r'<a class="chip" [^>]*>([^<]+) <span class="muted">([^<]+)</span>', body))
    of_run = Log.objects.filter(flow_run_id=run.id, **lines)
    least = {"All": 0, "Info": 20, "Warnings and errors": 30, "Errors": 40}
    assert {word: int(count) for word, count in chips.items()} == {
        word: of_run.filter(level__gte=level).count() for word, level in least.items()
    }


def test_asks_a_bounded_number_of_questions(client, django_assert_max_num_queries):
    run = make_flow_run("FAILED", started=START, run_count=3)
    tasks = [make_task_run("COMPLETED", flow_run=run) for _ in range(20)]
    for task in tasks:
        make_logs(task, *(f"line {number}" for number in range(50)), started=START)

    with django_assert_max_num_queries(9):
        client.get(f"/runs/flow-run/{run.id}/logs?attempt=2&task={tasks[0].id}&level=info")
    with django_assert_max_num_queries(5):
        client.get(f"/runs/flow-run/{run.id}/logs?fragment=logs&after=")


def test_stays_small(read):
    run = make_flow_run("COMPLETED", started=START)
    task = make_task_run("COMPLETED", flow_run=run, task="extract")
    make_logs(task, *(f"fetched page {number} of 500 from the shop (931 rows)" for number in range(WINDOW)))

    assert len(read(run).encode()) < 160_000


def test_narrows_to_one_attempt(read):
    run = make_flow_run("COMPLETED", started=START, seconds=60, run_count=2, history=[
        State(StateType.RUNNING, timestamp=START),
        State(StateType.SCHEDULED, name="AwaitingRetry", timestamp=START + timedelta(seconds=10)),
        State(StateType.RUNNING, timestamp=START + timedelta(seconds=20)),
    ])  # fmt: skip
    make_logs(run, "of the first", started=START + timedelta(seconds=1))
    make_logs(run, "of the second", started=START + timedelta(seconds=21))

    assert "of the second" not in read(run, "?attempt=1")
    assert "of the first" not in read(run, "?attempt=2")
    assert '<option value="2" selected>Try 2</option>' in read(run, "?attempt=2")
    assert shown(read(run, "?attempt=9")) == 2  # there is none: nothing is narrowed


def test_folds_what_a_worker_wrote_before_the_run_began(read):
    run = make_flow_run("COMPLETED", started=START)
    make_logs(run, *["pulling the image"] * 5, started=START - timedelta(seconds=5))
    make_logs(run, "it runs", started=START)

    body = read(run)

    assert "Fold 5 lines from before the run began" in body
    assert body.count('class="early"') == 5
    assert "from before the run began" not in read(run, "?q=runs")


def test_tells_times_as_the_reader_wants_them(client, read):
    run = make_flow_run("COMPLETED", started=START)
    make_logs(run, "a line", started=START + timedelta(hours=25, seconds=1.5))
    client.cookies["zone"] = "Asia/Tokyo"

    assert ">22:00:01.500</a>" in read(run)
    assert ">13:00:01.500</a>" in read(run, "?times=utc")
    assert ">+25:00:01.500</a>" in read(run, "?times=start")


def test_keeps_the_rest_of_the_address_when_something_is_searched_for(read):
    run = make_flow_run("COMPLETED")
    lines = make_logs(run, "a line")

    body = read(run, f"?level=info&t0=3&view=graph&q=line&at={lines[0].id}")

    search = body[body.index('role="search"') : body.index('name="q"')]
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', search))
    assert kept == {"level": "info", "t0": "3", "view": "graph"}


def test_takes_a_window_as_times_of_day_and_shares_it_with_the_timeline(client, read):
    """10.4: the address counts from the start of the run, as the timeline does."""
    run = make_flow_run("COMPLETED", started=START, seconds=60.5)
    make_logs(run, *(f"line {number}" for number in range(60)), started=START, every=1)
    client.cookies["zone"] = "Asia/Tokyo"
    path = f"/runs/flow-run/{run.id}"

    typed = "since=2026-11-20T21:00:20&until=2026-11-20T21:00:30.5&tz=Asia/Tokyo&level=info&attempt=1&q=line"
    answer = client.get(f"{path}?{typed}")
    shown_then = client.get(answer["Location"]).content.decode()

    assert answer["Location"] == f"{path}?level=info&q=line&t0=20&t1=30.5"
    assert shown(shown_then) == 11
    assert "Only lines from 21:00:20.000 to 21:00:30.500." in shown_then
    assert 'name="since" value="2026-11-20T21:00:20"' in shown_then
    assert 'name="until" value="2026-11-20T21:00:31"' in shown_then  # fields have whole seconds


def test_limits_nothing_by_the_times_of_the_run_itself(client, read):
    run = make_flow_run("COMPLETED", started=START, seconds=60.5)
    path = f"/runs/flow-run/{run.id}/logs"

    body = read(run)
    whole = client.get(f"{path}?since=2026-11-20T12:00:00&until=2026-11-20T12:01:01")
    unreadable = client.get(f"{path}?since=yesterday&until=&level=error")

    assert 'name="since" value="2026-11-20T12:00:00"' in body
    assert 'name="until" value="2026-11-20T12:01:01"' in body
    assert whole["Location"] == path
    assert unreadable["Location"] == f"{path}?level=error"
    assert 'name="since"' not in read(make_flow_run("PENDING"))


def test_says_what_is_wrong_with_an_expression(read):
    run = make_flow_run("COMPLETED")
    make_logs(run, "(a line")

    body = read(run, "?q=/(/")

    assert "The expression cannot be read" in body
    assert 'aria-invalid="true"' in body
    assert "a line" in body


def test_goes_to_the_next_error(client):
    run = make_flow_run("RUNNING", started=START)
    lines = make_logs(run, *(f"line {number}" for number in range(30)), started=START)
    Log.objects.filter(id__in=[lines[5].id, lines[20].id]).update(level=40)
    path = f"/runs/flow-run/{run.id}/logs"

    forth = client.get(f"{path}?jump=error&from={lines[5].id}&times=utc")
    back = client.get(f"{path}?jump=previous-error&from={lines[20].id}")

    assert forth["Location"] == f"{path}?times=utc&at={lines[20].id}#L{lines[20].id}"
    assert back["Location"].endswith(f"#L{lines[5].id}")


def test_marks_where_lines_came_too_fast(client):
    run = make_flow_run("RUNNING", started=START)
    make_logs(run, *(f"line {number}" for number in range(800)), started=START)

    body = client.get(f"/runs/flow-run/{run.id}/logs?fragment=logs&after=&level=info").content.decode()

    assert shown(body) == 200
    assert re.search(r'href="[^"]*/logs\?level=info&amp;before=[^"]+">load</a>', body)
    assert '<data value="600">600</data> lines came too fast to be shown' in body


@pytest.mark.parametrize("query", ["", "?level=warning", "?q=BROKEN", "?q=/^b/", "?task={task}", "?q=nothing+like+it"])
def test_downloads_exactly_what_is_filtered(read, download, query):
    """LOG-7: the download equals the filter."""
    run = make_flow_run("COMPLETED", started=START)
    task = make_task_run("COMPLETED", flow_run=run, task="load")
    make_logs(run, "fine, “really”", "=1+1", started=START)
    make_logs(task, "broken\nover two lines", level=40, started=START + timedelta(seconds=1))
    make_logs(run, "careful", level=30, started=START + timedelta(seconds=2))
    query = query.format(task=task.id)

    values = [json.loads(line) for line in download(run, "ndjson", query).splitlines()]
    rows = list(csv.DictReader(StringIO(download(run, "csv", query))))

    lines = re.findall(r'<li id="L([^"]+)"(?: class="([^"]*)")?>', read(run, query))
    shown_ids = [id for id, classes in lines if "beside" not in classes]
    expected = [Log.objects.get(id=id).message for id in shown_ids]
    assert [value["id"] for value in values] == shown_ids
    assert [value["message"] for value in values] == expected
    assert [row["message"].removeprefix("'") for row in rows] == expected
    assert download(run, "txt", query).count("2026-11-20T12:00:0") == len(expected)


def test_names_levels_and_tasks_in_a_file(download):
    run = make_flow_run("COMPLETED", started=START)
    task = make_task_run("COMPLETED", flow_run=run, task="load")
    make_logs(task, "broken", level=50, started=START)

    assert download(run, "txt") == f"2026-11-20T12:00:00.000000Z CRITICAL {task.name} | broken\n"


def test_streams_a_file_in_pieces(client, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.walking.CHUNK", 100)
    run = make_flow_run("COMPLETED", started=START)
    make_logs(run, *(f"line {number}" for number in range(450)), started=START, every=0)

    with django_assert_max_num_queries(7):
        parts = list(client.get(f"/runs/flow-run/{run.id}/logs.txt").streaming_content)

    assert b"".join(parts).count(b"line ") == 450


def test_ends_a_file_where_an_expression_takes_too_long(download):
    run = make_flow_run("COMPLETED")
    make_logs(run, "a" * 5_000 + "!")

    assert download(run, "txt", "?q=/^(a|aa)%2B$/").startswith("The file ends here. The expression takes too long")


def test_ends_a_file_where_an_expression_takes_too_long_on_all_lines_together(download, monkeypatch):
    monkeypatch.setattr("runs.pages.logs.walking.PATIENCE_FOR_A_FILE", -1)
    run = make_flow_run("COMPLETED")
    make_logs(run, "line 1", "line 2")

    first, last = download(run, "txt", "?q=/line/").splitlines()

    assert first.endswith(" line 1")
    assert last == "The file ends here. The expression takes too long on so many lines. Make it more exact."


def test_counts_levels_only_when_arrivals_ask_for_it(client):
    run = make_flow_run("RUNNING", started=START)
    make_logs(run, "first", started=START)
    arrivals = f"/runs/flow-run/{run.id}/logs?fragment=logs&after="

    often, sometimes = (client.get(address).content.decode() for address in (arrivals, f"{arrivals}&counts=1"))

    assert shown(often) == shown(sometimes) == 1
    assert "log-levels" not in often
    assert 'All <span class="muted">1</span>' in sometimes
    assert "counts" not in sometimes  # not in the addresses of the levels


def test_has_the_log_of_a_task_run_alone(client):
    run = make_flow_run("COMPLETED", started=START)
    task = make_task_run("COMPLETED", flow_run=run, task="load")
    make_logs(task, "mine")
    make_logs(run, "not mine")

    body = client.get(f"/runs/task-run/{task.id}/logs").content.decode()

    assert shown(body) == 1
    assert f'data-live="logs:{run.id}"' in body
    assert b"mine" in b"".join(client.get(f"/runs/task-run/{task.id}/logs.txt").streaming_content)


@pytest.mark.parametrize("path", ["logs", "logs.txt", "logs/"])
@pytest.mark.parametrize("kind", ["flow", "task"])
def test_helps_on_when_there_is_no_such_run(client, kind, path):
    assert client.get(f"/runs/{kind}-run/{uuid4()}/{path}").status_code == 404
