from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orchestrator import Event, EventError, emit_event, flow, tags, task
from orchestrator.sdk.api.client import use_client
from tests.sdk.fake_store import FakeStore

ORDER = {"prefect.resource.id": "shop.order.17"}


def arrived(store: FakeStore, name: str) -> list[dict]:
    from orchestrator.sdk.api.client import current_client

    client = current_client()
    assert client is not None
    assert client.delivery.flush(5)
    return store.events_named(name)


def test_delivers_what_was_told(store: FakeStore) -> None:
    sent = emit_event(
        "order.shipped",
        resource={**ORDER, "colour": "red"},
        related=[{"prefect.resource.id": "shop.customer.3", "prefect.resource.role": "customer"}],
        payload={"parcels": 2},
    )

    (event,) = arrived(store, "order.shipped")

    assert event["id"] == str(sent.id)
    assert event["resource"]["colour"] == "red"
    assert event["related"] == [{"prefect.resource.id": "shop.customer.3", "prefect.resource.role": "customer"}]
    assert event["payload"] == {"parcels": 2}
    assert event["follows"] is None


def test_adds_the_run_its_flow_and_tags(store: FakeStore) -> None:
    @task(tags=["fast"])
    def ship() -> None:
        emit_event("order.shipped", resource=ORDER)

    @flow(name="shipping")
    def shipping() -> None:
        ship()

    with tags("night"):
        shipping()

    (event,) = arrived(store, "order.shipped")
    found = {(each["prefect.resource.role"], each.get("prefect.resource.name")) for each in event["related"]}
    run = store.the_run()
    assert ("flow-run", run["name"]) in found
    assert ("flow", "shipping") in found
    roles = [each["prefect.resource.role"] for each in event["related"]]
    assert roles == ["flow-run", "task-run", "flow", "tag", "tag"]
    assert [each["prefect.resource.id"] for each in event["related"][-2:]] == ["prefect.tag.fast", "prefect.tag.night"]


def test_does_not_relate_a_resource_to_itself(store: FakeStore) -> None:
    @flow
    def telling() -> None:
        from orchestrator.sdk.context import current_flow_run

        run = current_flow_run.get()
        assert run is not None
        emit_event("run.noticed", resource={"prefect.resource.id": f"prefect.flow-run.{run.id}"})

    telling()

    (event,) = arrived(store, "run.noticed")
    assert "flow-run" not in [each["prefect.resource.role"] for each in event["related"]]


def test_follows_an_event_of_the_last_minutes(store: FakeStore) -> None:
    now = datetime.now(UTC)
    first = emit_event("order.packed", resource=ORDER, occurred=now)
    emit_event("order.shipped", resource=ORDER, occurred=now + timedelta(minutes=1), follows=first)
    emit_event("order.delivered", resource=ORDER, occurred=now + timedelta(hours=1), follows=first)

    assert arrived(store, "order.shipped")[0]["follows"] == str(first.id)
    assert arrived(store, "order.delivered")[0]["follows"] is None


def test_takes_an_id_and_a_time_of_its_own(store: FakeStore) -> None:
    own_id = uuid4()

    emit_event("order.packed", resource=ORDER, id=str(own_id), occurred=datetime(2026, 1, 2, 3, 4))  # noqa: DTZ001

    (event,) = arrived(store, "order.packed")
    assert event["id"] == str(own_id)
    assert event["occurred"].startswith("2026-01-02T03:04:00")


def test_keeps_the_payload_as_it_was(store: FakeStore) -> None:
    payload = {"items": [1]}
    emit_event("order.packed", resource=ORDER, payload=payload)
    payload["items"].append(2)

    assert arrived(store, "order.packed")[0]["payload"] == {"items": [1]}


def test_writes_numbers_in_labels_as_texts(store: FakeStore) -> None:
    emit_event("order.packed", resource={**ORDER, "weight": 3})

    assert arrived(store, "order.packed")[0]["resource"]["weight"] == "3"


def test_happens_now_unless_a_time_is_given() -> None:
    before = datetime.now(UTC)

    event = Event(event="order.shipped", resource={"prefect.resource.id": "order.1"})

    assert before <= event.occurred <= datetime.now(UTC)
    assert event.to_wire()["occurred"]


def test_finds_what_was_involved() -> None:
    boxes = [{"prefect.resource.id": f"box.{n}", "prefect.resource.role": "box", "size": str(n)} for n in (1, 2)]
    event = Event(event="order.shipped", resource={"prefect.resource.id": "order.1", "to": "Oslo"}, related=boxes)

    assert event.involved_resources == [event.resource, *boxes]
    assert event.resource_in_role == {"box": boxes[0]}
    assert event.resources_in_role == {"box": boxes}
    assert [event.find_resource_label(label) for label in ("to", "size", "related:box:size", "related:box")] == [
        "Oslo",
        None,
        "1",
        None,
    ]
    assert event.size_bytes > 100


def test_makes_events_without_a_server() -> None:
    with use_client(None):
        event = emit_event("order.packed", resource=ORDER)

    assert isinstance(event, Event)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"event": "", "resource": ORDER}, "name of an event"),
        ({"event": "x" * 1025, "resource": ORDER}, "1024"),
        ({"event": "e", "resource": {"colour": "red"}}, "'prefect.resource.id'"),
        ({"event": "e", "resource": "order 17"}, "labels are needed"),
        ({"event": "e", "resource": {**ORDER, "list": []}}, "label 'list'"),
        ({"event": "e", "resource": ORDER, "related": [ORDER]}, r"related\[0\] has no label 'prefect.resource.role'"),
        ({"event": "e", "resource": ORDER, "related": [{**ORDER, "prefect.resource.role": "x"}] * 101}, "101"),
        ({"event": "e", "resource": ORDER, "payload": [1]}, "a dictionary is needed"),
        ({"event": "e", "resource": ORDER, "payload": {"text": "x" * 1_600_000}}, "1500000"),
        ({"event": "e", "resource": ORDER, "occurred": "today"}, "a datetime is needed"),
        ({"event": "e", "resource": ORDER, "id": "seventeen"}, "id is 'seventeen'"),
        ({"event": "e", "resource": ORDER, "follows": 17}, "follows is 17"),
    ],
)
def test_refuses_what_the_server_would_refuse(store: FakeStore, arguments: dict, message: str) -> None:
    with pytest.raises(EventError, match=message):
        emit_event(**arguments)

    assert store.events == []
