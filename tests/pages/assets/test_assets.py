"""The pages about assets."""

import itertools
import json
import re
from datetime import timedelta

import pytest

from orchestrator.contract.times import now
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Asset
from orchestrator.pages.addresses import address_of
from tests.events.making import related
from tests.events.test_asset_recording import FAILED, ORDERS, SALES, told

pytestmark = pytest.mark.django_db
RUN = "prefect.flow-run.01a1ff8c-77f1-7c22-8e26-d86c20d2a727"


@pytest.fixture
def shown(client):
    return lambda key, query="": client.get(address_of("asset", key) + query).content.decode()


@pytest.fixture
def listed(client):
    def keys(query: str = "") -> list[str]:
        return re.findall(
            r'<td class="name"><a href="[^"]+">([^<]+)</a>', client.get(f"/assets/{query}").content.decode()
        )

    return keys


@pytest.mark.parametrize("address", ["/assets/", "/assets"])
def test_it_answers_with_and_without_the_last_slash(client, address):
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [SALES, ORDERS, "s3://lake/raw"]),
        ("?q=lake", [ORDERS, "s3://lake/raw"]),
        ("?state=failed", [SALES]),
        ("?state=made", [ORDERS]),
        ("?state=source", ["s3://lake/raw"]),
        ("?sort=key", [SALES, ORDERS, "s3://lake/raw"]),
    ],
)
def test_it_lists_what_the_address_asks_for(listed, query, expected):
    ingest([told(hours_ago=2, sources=["s3://lake/raw"]), told(hours_ago=1), told(FAILED, SALES)])

    assert listed(query) == expected


def test_it_says_when_an_asset_is_stale(client):
    for hours_ago in (30, 29, 28):
        ingest([told(hours_ago=hours_ago)])

    html = client.get("/assets/").content.decode()

    assert "Stale" in html
    assert "usually made every 1 h 00 m, and was not for 1 d 4 h" in html


def test_it_links_lineage_both_ways(shown):
    """AST-1: lineage links both ways."""
    ingest([told(hours_ago=1), told(key=SALES, sources=[ORDERS])])

    for key, other in ((SALES, ORDERS), (ORDERS, SALES)):
        html = shown(key)
        assert f'<a href="{address_of("asset", other)}" class="tone-' in html  # in the drawing
        assert f'<a href="{address_of("asset", other)}">{other}</a>' in html  # and in words
        assert html.count("<path d=") >= 1


def test_it_draws_two_hops_in_each_direction_and_circles_too(shown):
    keys = [f"s3://lake/{number}" for number in range(7)]
    for before, after in itertools.pairwise(keys):
        ingest([told(key=after, sources=[before])])
    ingest([told(key=keys[0], sources=[keys[6]])])

    html = shown(keys[3])

    assert re.findall(r"<title>(s3://lake/\d)</title>", html) == [keys[1], keys[2], keys[3], keys[4], keys[5]]


def test_it_tells_the_history_with_who_made_it(shown):
    run = related(RUN, "flow-run", **{"prefect.resource.name": "nightly"})
    ingest([told(hours_ago=1, around=[run], payload={"rows": 3}), told(FAILED, around=[run])])

    html = shown(ORDERS)

    assert html.count('<tr id="m') == 2
    assert f'href="/runs/flow-run/{RUN.removeprefix("prefect.flow-run.")}">nightly</a>' in html
    assert "{&quot;rows&quot;: 3}" in html


def test_it_escapes_what_flows_say(shown):
    bad = {"prefect.resource.name": "<script>x</script>", "prefect.asset.url": "javascript:alert(1)"}
    ingest([told(labels=bad, payload={"<script>": "<script>"})])

    html = shown(ORDERS)

    assert html.count("<script") == 1
    assert "javascript:" not in html


def test_it_asks_few_questions(client, django_assert_max_num_queries):
    ingest([told(key=f"s3://lake/{number}", sources=[ORDERS], hours_ago=1) for number in range(60)])
    ingest([told(sources=["s3://lake/raw"]) for _ in range(40)])

    with django_assert_max_num_queries(8):
        client.get("/assets/")
    with django_assert_max_num_queries(14):
        client.get(address_of("asset", ORDERS))


def test_it_forgets_only_after_it_asked(client):
    ingest([told()])

    assert "is not touched" in client.post("/assets/forget", {"key": ORDERS}).content.decode()
    assert client.post("/assets/forget", {"key": ORDERS, "confirmed": "1"}).status_code == 303
    assert not Asset.objects.exists()


def test_it_exports_what_is_filtered(client):
    ingest([told(), told(key=SALES)])

    exported = json.loads(b"".join(client.get("/assets/?q=lake&export=json").streaming_content))

    assert [row["key"] for row in exported] == [ORDERS]


def test_it_says_that_there_is_no_such_asset(client):
    assert client.get("/assets/s3://lake/none").status_code == 404


def test_it_says_why_it_is_empty(client):
    assert "@materialize(" in client.get("/assets/").content.decode()
    Asset.objects.create(key=ORDERS, mentioned_at=now() - timedelta(days=1))
    assert "No asset fits" in client.get("/assets/?q=zz").content.decode()
