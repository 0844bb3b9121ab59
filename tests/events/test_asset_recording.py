"""Assets, as events tell of them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orchestrator.contract.times import now
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Asset, AssetSource
from tests.events.making import an_event, related

pytestmark = pytest.mark.django_db
ORDERS, SALES = "s3://lake/orders", "postgres://shop/sales"
MADE, FAILED = "prefect.asset.materialization.succeeded", "prefect.asset.materialization.failed"


def told(name=MADE, key=ORDERS, *, hours_ago=0.0, sources=(), labels=(), **changes):
    around = [related(source, "asset") for source in sources] + changes.pop("around", [])
    return an_event(
        name,
        {"prefect.resource.id": key, **dict(labels)},
        occurred=(now() - timedelta(hours=hours_ago)).isoformat(),
        related=around,
        **changes,
    )


def test_it_remembers_what_was_made_by_whom_and_what_was_said_of_it():
    flow = related("prefect.flow.1", "flow", **{"prefect.resource.name": "sales"})
    tool = related("dbt", "asset-materialized-by")
    properties = {
        "prefect.resource.name": "orders",
        "prefect.asset.description": "All of them",
        "prefect.asset.url": "https://shop.example",
        "prefect.asset.owners": '["ann"]',
    }

    ingest([told(labels=properties, around=[flow, tool], payload={"rows": 3})])

    asset = Asset.objects.get()
    assert (asset.key, asset.name, asset.description, asset.owners) == (ORDERS, "orders", "All of them", ["ann"])
    assert (asset.metadata, asset.tool, asset.flow["prefect.resource.name"]) == ({"rows": 3}, "dbt", "sales")
    assert not asset.is_failing


def test_it_remembers_what_it_was_made_from():
    ingest([told(key=SALES, sources=[ORDERS, SALES])])

    assert list(AssetSource.objects.values_list("asset__key", "source__key")) == [(SALES, ORDERS)]
    assert Asset.objects.get(key=ORDERS).made_at is None


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_it_says_the_same_in_whatever_order_events_come_and_however_often(order):
    events = [
        told(hours_ago=3, payload={"rows": 1}),
        told(FAILED, hours_ago=2),
        told(hours_ago=1, payload={"rows": 2}, labels={"prefect.resource.name": "new"}),
    ]

    for event in [*events[order], *events]:
        ingest([event])

    asset = Asset.objects.get()
    assert (asset.metadata, asset.name, asset.made_at, asset.failed_at) == (
        {"rows": 2}, "new", events[2].occurred, events[1].occurred
    )  # fmt: skip


def test_it_knows_how_often_an_asset_is_made():
    for hours_ago in (3, 2, 1):
        ingest([told(hours_ago=hours_ago)])

    assert Asset.objects.get().usual_seconds == pytest.approx(3600, abs=5)


def test_it_learns_nothing_from_bursts():
    for hours_ago in (3, 2, 1.999, 1.998):
        ingest([told(hours_ago=hours_ago)])

    assert Asset.objects.get().usual_seconds == pytest.approx(3600, abs=5)


def test_it_knows_that_the_last_try_failed():
    ingest([told(hours_ago=1), told(FAILED)])

    assert Asset.objects.get().is_failing


def test_it_asks_nothing_for_events_that_tell_of_no_asset(django_assert_num_queries):
    from orchestrator.events.asset_recording import note_assets

    with django_assert_num_queries(0):
        note_assets([an_event("shop.opened")])


def test_it_asks_a_bounded_number_of_questions_for_a_batch(django_assert_max_num_queries):
    from orchestrator.events.asset_recording import note_assets

    events = [told(key=f"s3://lake/{number}", sources=[ORDERS]) for number in range(100)]

    with django_assert_max_num_queries(8):
        note_assets(events)


def test_it_keeps_what_was_said_where_the_next_of_the_same_batch_says_less():
    ingest([told(hours_ago=1, labels={"prefect.resource.name": "orders"}), told(key=SALES, sources=[ORDERS]), told()])

    assert Asset.objects.get(key=ORDERS).name == "orders"


def test_it_writes_of_sources_no_more_than_when_they_were_mentioned():
    ingest([told(hours_ago=3, labels={"prefect.resource.name": "orders"}), told(key=SALES, hours_ago=3)])

    with CaptureQueriesContext(connection) as queries:
        ingest([told(key=SALES, sources=[ORDERS])])

    written = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "events_asset"')]
    assert ["name" in sql for sql in written] == [True, False]
    assert now() - Asset.objects.get(key=ORDERS).mentioned_at < timedelta(minutes=1)
    assert Asset.objects.get(key=ORDERS).name == "orders"


def test_it_leaves_sources_alone_that_were_mentioned_a_moment_ago():
    ingest([told(hours_ago=0.01), told(key=SALES, hours_ago=0.01)])
    before = Asset.objects.get(key=ORDERS).mentioned_at

    ingest([told(key=SALES, sources=[ORDERS])])

    assert Asset.objects.get(key=ORDERS).mentioned_at == before
    assert AssetSource.objects.filter(asset__key=SALES, source__key=ORDERS).exists()
