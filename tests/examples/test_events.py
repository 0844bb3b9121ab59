"""The example of events, with somebody who listens."""

from __future__ import annotations

import runpy
from pathlib import Path

from orchestrator.sdk.api.client import use_client
from tests.sdk.fake_api import FakeApi

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "events.py"


def test_tells_what_happens_to_the_orders():
    api = FakeApi()
    shipping = runpy.run_path(str(EXAMPLE))["shipping"]

    with use_client(api.client()):
        told = shipping(2)

    orders = {event["id"]: event for event in api.events if event["event"].startswith("order.")}
    assert sorted(orders) == sorted(told)
    packed, shipped = (orders[each] for each in told[:2])
    assert shipped["follows"] == packed["id"]
    assert shipped["resource"]["prefect.resource.id"] == "shop.order.0"
    assert "customer" in [each["prefect.resource.role"] for each in shipped["related"]]
    assert api.messages().count("order 0 is on its way") == 1


def test_relates_the_events_to_the_run():
    api = FakeApi()
    shipping = runpy.run_path(str(EXAMPLE))["shipping"]

    with use_client(api.client()):
        shipping(1)

    (packed,) = [event for event in api.events if event["event"] == "order.packed"]
    names = {each["prefect.resource.role"]: each.get("prefect.resource.name") for each in packed["related"]}
    assert names["flow"] == "shipping"
    assert names["flow-run"] == api.the_run()["name"]
    assert names["task-run"].startswith("pack-")
