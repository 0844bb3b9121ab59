"""The events of assets, as the server takes and finds them."""

from __future__ import annotations

import pytest

from orchestrator import Asset, AssetProperties, Event, flow, materialize
from orchestrator.sdk.api.client import Client, use_client
from tests.in_process import in_process_client
from tests.sdk.own_thread import WithoutReports

RAW = "s3://shop/raw.csv"


@materialize(RAW)
def raw():
    return [1]


@materialize(Asset(key="postgres://shop/report", properties=AssetProperties(owners=["me"])), by="dbt")
def report(rows):
    return rows


@flow
def nightly():
    report(raw())


@pytest.mark.django_db
def test_are_found_by_their_asset():
    told: list[Event] = []
    client = Client(WithoutReports())
    client.delivery.put_event = lambda event: told.append(event) if isinstance(event, Event) else None
    with use_client(client):
        nightly()

    server = in_process_client()
    server.send("POST", "/events", [event.to_wire() for event in told])

    sought = {"event": {"prefix": ["prefect.asset."]}, "resource": {"id": [RAW]}}
    found = server.ask("POST", "/events/filter", {"filter": sought})["events"]
    assert sorted(event["event"].removeprefix("prefect.asset.") for event in found) == [
        "materialization.succeeded",
        "referenced",
    ]
