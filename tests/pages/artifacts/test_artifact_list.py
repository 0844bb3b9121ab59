"""The list of artifacts."""

import re
from datetime import timedelta

import pytest

from orchestrator.contract.times import now
from runs.models import Artifact
from runs.pages.artifact_previews import HEAD, preview, read_head
from runs.services.artifacts import create_artifact
from tests.factories import make_flow_run, make_task_run

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def make(key="report", type="markdown", data="# Sales\n\nAll **well**.", **columns):
    return create_artifact(columns={"key": key, "type": type, "data": data, **columns})


@pytest.fixture
def listed(client):
    def names(query: str = "") -> list[str]:
        html = client.get(f"/artifacts/{query}").content.decode()
        return re.findall(r'<td class="name"><a href="[^"]+">([^<]+)</a>', html)

    return names


@pytest.mark.parametrize("address", ["/artifacts/", "/artifacts"])
def test_it_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200


def test_it_shows_each_key_once_by_its_latest_version(client, listed):
    make(data="old words")
    make(data="new words")
    make("other")

    assert listed() == ["other", "report"]
    html = client.get("/artifacts/").content.decode()
    assert "new words" in html
    assert "old words" not in html


def test_it_shows_every_version_but_no_results(listed):
    make()
    make()
    make(None, "progress", 10)
    Artifact.objects.create(type=None, data={"what": "a run returned"})

    assert listed("?versions=1") == ["without a key", "report", "report"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?type=table", ["rows"]),
        ("?q=epo", ["report"]),
        ("?key=report", ["report"]),
        ("?sort=key", ["report", "rows"]),
        ("?versions=1&range=1h", ["rows", "report"]),
    ],
)
def test_it_shows_what_the_address_asks_for(listed, query, expected):
    make()
    make("rows", "table", '[{"a": 1}]')

    assert listed(query) == expected


def test_it_shows_what_one_run_made(client, listed):
    run = make_flow_run("COMPLETED", name="nightly")
    task = make_task_run("COMPLETED", flow_run=run, name="count")
    make(flow_run_id=run.pk, task_run_id=task.pk)
    make("other")

    assert listed(f"?flow_run={run.pk}") == ["report"]
    assert listed(f"?task_run={task.pk}") == ["report"]
    html = client.get(f"/artifacts/?flow_run={run.pk}").content.decode()
    assert f'<a href="/runs/flow-run/{run.pk}">nightly</a>' in html
    assert f'<a href="/runs/task-run/{task.pk}">count</a>' in html


def test_it_leaves_old_versions_out_unless_asked(listed):
    old = make()
    Artifact.objects.filter(pk=old.pk).update(created=now() - timedelta(days=20))

    assert listed("?versions=1") == []
    assert listed("?versions=1&range=all") == ["report"]


def test_it_asks_as_many_questions_for_many_as_for_one(client, django_assert_max_num_queries):
    for number in range(60):
        run = make_flow_run("COMPLETED")
        make(f"key-{number}", flow_run_id=run.pk, task_run_id=make_task_run("COMPLETED", flow_run=run).pk)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/artifacts/")
    with django_assert_max_num_queries(MOST_QUERIES):
        client.get("/artifacts/?versions=1&type=markdown&q=key")


def test_it_does_not_read_large_data(client):
    make("large", "table", "[" + ", ".join('{"first": 1, "second": "x"}' for _ in range(10_000)) + "]")

    html = client.get("/artifacts/").content.decode()

    assert "columns first, second" in html
    assert len(html) < 30_000


@pytest.mark.parametrize(
    ("kind", "head", "words", "url"),
    [
        ("markdown", "# A\n\n- b\n", "A · b", ""),
        ("markdown", "[Shop](https://shop.example/a)", "Shop", "https://shop.example/a"),
        ("markdown", "[Shop](javascript:alert(1))", "Shop", ""),
        ("image", "https://shop.example/a.png", "https://shop.example/a.png", "https://shop.example/a.png"),
        ("image", "javascript:alert(1)", "javascript:alert(1)", ""),
        ("progress", "42.0", "42 %", ""),
        ("progress", "nonsense", "0 %", ""),
        ("table", '[{"a": 1, "b": {"c": 2}}]', "columns a, b, c", ""),
    ],
)
def test_it_previews_each_kind_in_a_line(kind, head, words, url):
    made = preview(kind, head, is_whole=True)

    assert (made.words, made.url) == (words, url)


def test_it_alarms_nobody_of_what_has_reached_its_end():
    assert [preview("progress", head, is_whole=True).meter.tone for head in ("99.9", "100")] == ["running", "completed"]


@pytest.mark.parametrize("cut", range(1, 14))
def test_it_reads_the_beginning_of_a_text_wherever_it_is_cut(cut):
    head = '"a \\u00e4 \\" \\n b'[:cut]

    assert '"a ä " \n b'.startswith(f'"{read_head(head, HEAD + 1)}')


def test_it_says_why_it_is_empty(client):
    assert "No run has made any" in client.get("/artifacts/").content.decode()
    assert "No artifact fits" in client.get("/artifacts/?q=x").content.decode()
