"""The page of an artifact."""

import csv
import io
import json
import re
from uuid import uuid4

import pytest

from runs.models import Artifact, ArtifactCollection
from runs.services.artifacts import create_artifact, update_artifact
from tests.factories import make_flow_run

NOBODY = "11111111-1111-4111-8111-111111111111"
pytestmark = pytest.mark.django_db
MOST_QUERIES = 14
DOT = "data:image/png;base64,iVBORw0KGgo="


def make(type="markdown", data="words", key="report", **columns):
    return create_artifact(columns={"key": key, "type": type, "data": data, **columns})


@pytest.fixture
def shown(client):
    return lambda made, query="": client.get(f"/artifacts/artifact/{made.pk}{query}").content.decode()


def test_it_renders_markdown_and_leaves_scripts_inert(shown):
    """ART-1: script in markdown is inert."""
    made = make(
        data="# Sales\n\n<script>alert(1)</script><img src=x onerror=alert(2)>", description="<b onclick=x>hi</b>"
    )

    html = shown(made)

    assert "<h2>Sales</h2>" in html
    assert html.count("<script") == 1  # the page's own
    assert "onerror" not in html
    assert "onclick" not in html


def test_it_shows_how_far_it_is_and_moves(shown):
    """ART-2: progress moves live."""
    made = make("progress", 10.0)
    assert f'data-live="artifact:{made.pk}"' in shown(made)

    update_artifact(artifact_id=made.pk, changes={"data": 60.0})

    assert "<strong>60 %</strong>" in shown(made, "?fragment=content")


def test_it_pages_and_sorts_a_large_table(client, shown):
    """ART-3: a table of 10,000 rows is paged."""
    rows = [{"number": number, "name": f"row {number}"} for number in range(10_000)]
    made = make("table", json.dumps(rows))

    html = shown(made)

    assert "Rows 1–50 of 10000" in html
    assert len(html) < 40_000
    assert "<td>row 9999</td>" in shown(made, "?by=-1")
    assert "<td>row 50</td>" in shown(made, "?page=2")
    exported = client.get(f"/artifacts/artifact/{made.pk}?export=csv")
    read = list(csv.reader(io.StringIO(b"".join(exported.streaming_content).decode())))
    assert (len(read), read[0], read[-1]) == (10_001, ["number", "name"], ["9999", "row 9999"])


@pytest.mark.parametrize(
    "data",
    ['[{"a": 1, "b": 2}, {"a": 3}]', [{"a": 1, "b": 2}, {"a": 3}], {"a": [1, 3], "b": [2]}, "[[1, 2], [3]]"],
)
def test_it_reads_tables_in_every_shape(shown, data):
    html = shown(make("table", data))

    assert re.findall(r"<td>(\d*)</td>", html) == ["1", "2", "3", ""]


def test_it_sorts_a_number_that_no_float_can_hold(shown):
    made = make("table", f'[{{"x": {"9" * 400}}}, {{"x": 5}}]')

    assert "<td>5</td>" in shown(made, "?by=1").replace(' class="mono"', "")


@pytest.mark.parametrize("depth", [3_000, 980])
def test_it_shows_a_table_that_is_nested_too_deep_as_text(client, depth):
    made = make("table", "[" * depth + "]" * depth)

    assert client.get(f"/artifacts/artifact/{made.pk}").status_code == 200


def test_it_shows_pictures_of_its_own_and_links_to_others(shown):
    assert f'<img src="{DOT}"' in shown(make("image", DOT))
    far = shown(make("image", "https://shop.example/a.png"))
    assert '<a href="https://shop.example/a.png" rel="nofollow noopener noreferrer">' in far
    assert "<img" not in far
    assert 'href="javascript:' not in shown(make("image", "javascript:alert(1)"))


@pytest.mark.parametrize("data", ["{not json", None, 7, {"a": {"b": 1}}, "[]", []])
@pytest.mark.parametrize("type", ["table", "progress", "markdown", "image", "other", None])
def test_it_shows_any_data_of_any_type(client, type, data):
    made = make(type, data)

    assert client.get(f"/artifacts/artifact/{made.pk}").status_code == 200


def test_it_knows_the_latest_of_a_key(client):
    make(data="old words")
    latest = make(data="new words")

    html = client.get("/artifacts/key/report").content.decode()

    assert "new words" in html
    assert f'data-live="artifact:{latest.pk} artifacts"' in html


def test_it_is_found_by_the_identifier_of_its_key_too(client):
    make(data="these words")
    collection = ArtifactCollection.objects.get()

    assert "these words" in client.get(f"/artifacts/artifact/{collection.pk}").content.decode()


def test_it_lists_the_versions_around_it(shown):
    first, second, third = make(data="1"), make(data="2"), make(data="3")

    html = shown(second)

    assert all(f"/artifacts/artifact/{made.pk}" in html for made in (first, third))
    assert html.count("this one") == 1


@pytest.mark.parametrize(
    ("type", "old", "new", "gone", "came"),
    [
        ("markdown", "a\nb", "a\nc", "b", "c"),
        ("table", '[{"x": 1}, {"x": 2}]', '[{"x": 1}, {"x": 3}]', "2", "3"),
    ],
)
def test_it_shows_what_changed_from_the_version_before(shown, type, old, new, gone, came):
    before, after = make(type, old), make(type, new)

    for query in ("?with=before", f"?with={before.pk}"):
        html = shown(after, query)
        assert "1 added, 1 removed" in html
        assert f'<b>-</b><span class="vh">removed: </span>{gone}</li>' in html
        assert f'<b>+</b><span class="vh">added: </span>{came}</li>' in html


@pytest.mark.parametrize("query", ["?with=x", "?with=before", f"?with={NOBODY}", "?by=99", "?page=99", "?page=-1"])
def test_it_takes_what_nobody_understands_as_not_asked(client, query):
    made = make("table", '[{"x": 1}]')

    assert client.get(f"/artifacts/artifact/{made.pk}{query}").status_code == 200


def test_it_links_to_the_run_that_made_it(shown):
    run = make_flow_run("COMPLETED", name="nightly")

    assert f'<a href="/runs/flow-run/{run.pk}">nightly</a>' in shown(make(flow_run_id=run.pk))
    assert "deleted since" in shown(make(flow_run_id=uuid4()))


def test_it_asks_few_questions(client, django_assert_max_num_queries):
    for _ in range(30):
        made = make(flow_run_id=make_flow_run("COMPLETED").pk)

    with django_assert_max_num_queries(MOST_QUERIES):
        client.get(f"/artifacts/artifact/{made.pk}?with=before")


def test_it_asks_before_it_deletes(client):
    made = make()
    address = f"/artifacts/artifact/{made.pk}/delete"

    assert "Delete this version" in client.post(address).content.decode()
    assert Artifact.objects.count() == 1
    assert client.post(address, {"confirmed": "1"}).status_code == 303
    assert Artifact.objects.count() == 0


@pytest.mark.parametrize("address", [f"/artifacts/artifact/{NOBODY}", "/artifacts/key/none"])
def test_it_says_that_there_is_no_such_artifact(client, address):
    assert client.get(address).status_code == 404
