"""Tasks that make assets, and the events that tell of them."""

from __future__ import annotations

import asyncio
import json

import pytest

from orchestrator import (
    Asset,
    AssetError,
    AssetProperties,
    MaterializingTask,
    MissingContext,
    ProcessPoolTaskRunner,
    add_asset_metadata,
    allow_failure,
    flow,
    materialize,
    task,
)
from orchestrator.sdk.api.client import current_client
from tests.sdk.fake_store import FakeStore

RAW, CLEAN, REPORT = "s3://shop/raw.csv", "s3://shop/clean.csv", "postgres://shop/report"
MADE = "prefect.asset.materialization.succeeded"


@materialize(RAW)
def raw():
    return [1]


@materialize(CLEAN, by="dbt")
def clean(rows):
    add_asset_metadata(CLEAN, {"rows": len(rows)})
    return [*rows, 2]


@task
def double(rows):
    return 2 * rows


def told(store: FakeStore, prefix="prefect.asset."):
    """Event, key and upstream keys of each, in the order in which they were sent."""
    client = current_client()
    assert client is not None
    assert client.delivery.flush(5)
    return [
        (
            event["event"].removeprefix("prefect.asset."),
            event["resource"]["prefect.resource.id"],
            [each["prefect.resource.id"] for each in event["related"] if each["prefect.resource.role"] == "asset"],
        )
        for event in store.events
        if event["event"].startswith(prefix)
    ]


def test_tells_what_was_made_and_from_what(store: FakeStore):
    @flow
    def nightly():
        return clean(raw())

    assert nightly() == [1, 2]
    assert told(store) == [
        ("materialization.succeeded", RAW, []),
        ("referenced", RAW, []),
        ("materialization.succeeded", CLEAN, [RAW]),
    ]


def test_tells_what_is_known_of_it(store: FakeStore):
    known = Asset(
        key=REPORT, properties=AssetProperties(name="Report", url="http://x/", description="Daily.", owners=["me"])
    )

    @materialize(known, by="spark")
    def report():
        known.add_metadata({"rows": 3})
        add_asset_metadata(REPORT, {"day": "monday"})

    @flow
    def nightly():
        report()

    nightly()

    told(store)
    (event,) = store.events_named(MADE)
    assert event["resource"] == {
        "prefect.resource.id": REPORT,
        "prefect.resource.name": "Report",
        "prefect.asset.description": "Daily.",
        "prefect.asset.url": "http://x/",
        "prefect.asset.owners": json.dumps(["me"]),
    }
    assert event["payload"] == {"rows": 3, "day": "monday"}
    related = {each["prefect.resource.role"]: each["prefect.resource.id"] for each in event["related"]}
    assert related["asset-materialized-by"] == "spark"
    assert set(related) == {"asset-materialized-by", "flow-run", "task-run", "flow"}


def test_follows_assets_through_other_tasks(store: FakeStore):
    @flow
    def nightly():
        return clean.submit(double.submit(raw.submit())).result()

    nightly()

    assert ("materialization.succeeded", CLEAN, [RAW]) in told(store)


def test_takes_dependencies_that_no_task_made(store: FakeStore):
    @materialize(CLEAN, asset_deps=[RAW])
    def made(): ...

    @task(asset_deps=[RAW])
    def read():
        return [1]

    @flow
    def nightly():
        made()
        clean.submit([2], wait_for=[read.submit()]).result()

    nightly()

    assert told(store, MADE) == [("materialization.succeeded", CLEAN, [RAW])] * 2


def test_tells_of_failures_once_after_the_last_try(store: FakeStore):
    @materialize(RAW, retries=1)
    def breaks():
        raise ValueError("no")

    @flow
    def nightly():
        clean.submit(allow_failure(breaks.submit()), return_state=True)

    nightly()

    assert [each for each in told(store) if each[1] == RAW] == [
        ("materialization.failed", RAW, []),
        ("referenced", RAW, []),
    ]


def test_says_nothing_of_results_that_were_known(store: FakeStore, tmp_path):
    kept = raw.with_options(cache_key_fn=lambda context, parameters: "always", result_storage=str(tmp_path))

    @flow
    def nightly():
        kept()
        kept()

    nightly()

    assert told(store) == [("materialization.succeeded", RAW, [])]


def test_tells_from_async_code_and_outside_of_flows(store: FakeStore):
    @materialize(RAW)
    async def made():
        return 1

    asyncio.run(made())

    assert told(store) == [("materialization.succeeded", RAW, [])]


def test_follows_assets_into_other_processes(http):
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def nightly():
        return clean.submit(double.submit(raw.submit())).result()

    assert nightly() == [1, 1, 2]
    made = {each["resource"]["prefect.resource.id"]: each for each in http.api.events if each["event"] == MADE}
    assert made[CLEAN]["payload"] == {"rows": 2}
    assert RAW in [each["prefect.resource.id"] for each in made[CLEAN]["related"]]


def test_makes_a_task():
    copy = clean.with_options(name="other", assets=[REPORT])

    assert isinstance(clean, MaterializingTask)
    assert [asset.key for asset in clean.assets] == [CLEAN]
    assert clean.materialized_by == copy.materialized_by == "dbt"
    assert ([asset.key for asset in copy.assets], copy.name) == ([REPORT], "other")


def test_is_a_method_too(store: FakeStore):
    class Shop:
        @materialize(RAW)
        def raw(self):
            return self

    shop = Shop()

    assert shop.raw() is shop
    assert told(store) == [("materialization.succeeded", RAW, [])]


def test_refuses_metadata_of_assets_of_others():
    @task
    def other():
        add_asset_metadata(RAW, {"rows": 1})

    with pytest.raises(AssetError, match=r"task 'other' makes no asset 's3://shop/raw\.csv'"):
        other()
    with pytest.raises(MissingContext, match="outside of a task run"):
        add_asset_metadata(RAW, {"rows": 1})


@pytest.mark.parametrize("metadata", [None, 5, "rows", [1]])
def test_refuses_metadata_that_is_no_dictionary(metadata):
    @materialize(RAW)
    def made():
        add_asset_metadata(RAW, metadata)

    with pytest.raises(AssetError, match="a dictionary is needed"):
        made()


def test_refuses_to_make_nothing():
    with pytest.raises(AssetError, match="at least one asset"):
        materialize()
    with pytest.raises(AssetError, match="at least one asset"):
        materialize(lambda: None)


@pytest.mark.parametrize(
    "key", ["orders", "S3://shop/x", "s3://", "s3://a b", "s3://a?b", "s3://a\nb", "s3://" + "x" * 508, None, 5]
)
def test_refuses_keys_that_are_no_addresses(key):
    with pytest.raises(AssetError, match="the key of an asset"):
        Asset(key=key)


@pytest.mark.parametrize("properties", [{"name": 5}, {"colour": "red"}, {"description": "x" * 2501}, {"owners": "me"}])
def test_refuses_properties_that_are_none(properties):
    with pytest.raises(AssetError):
        Asset(key=RAW, properties=properties)


@pytest.mark.parametrize("given", [RAW, 5, [5]])
def test_refuses_dependencies_that_are_no_list(given):
    with pytest.raises(AssetError):
        task(asset_deps=given)(lambda: None)
