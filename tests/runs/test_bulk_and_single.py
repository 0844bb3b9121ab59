"""What arrives in bulk leaves the same rows as what arrives one by one, in every column."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models import Model
from django.test import TestCase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.contract.states import DETAIL_DEFAULTS
from orchestrator.events.ingest import ingest
from orchestrator.events.models import Asset, AssetSource, Event, RelatedResource
from orchestrator.events.parsing import parse_event
from orchestrator.events.pipeline import pipeline
from orchestrator.live.consumers import EventsIn
from orchestrator.web.threads import http_threads
from runs.models import FlowRun, Heartbeat, Log, TaskRun, TaskRunState, TaskRunTag
from tests.api_client import ApiClient
from tests.events.making import related, wire_event
from tests.factories import make_flow_run
from tests.live.socket_client import SocketClient

BEGIN = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
MODELS = (Event, RelatedResource, Asset, AssetSource, Heartbeat, FlowRun, TaskRun, TaskRunState, TaskRunTag, Log)
# When the server wrote a row, and numbers that count whatever was written before.
OF_THE_WRITING = {"received", "created", "updated", "sequence", "last_at", "silent_after"}
NUMBERED = (RelatedResource, Asset, AssetSource, TaskRunTag)
Wires = Sequence[dict[str, Any]]


def rows() -> dict[str, list[str]]:
    """Every row of every table that takes part, with what does not depend on when it was written."""
    return {model.__name__: sorted(_row(each) for each in model.objects.all()) for model in MODELS}


def _row(row: Model) -> str:
    left_out = OF_THE_WRITING | ({"id"} if isinstance(row, NUMBERED) else set())
    columns = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.attname not in left_out
    }
    if isinstance(row, RelatedResource):
        columns["event_id"] = row.event.id
    if isinstance(row, AssetSource):
        columns |= {"asset_id": row.asset.key, "source_id": row.source.key}
    return json.dumps(columns, sort_keys=True, default=repr)  # keys of JSON have no order


def rows_after(*steps: Callable[[], object]) -> dict[str, list[str]]:
    """What stands there after these steps and what follows their commits. Afterwards nothing was written."""
    with transaction.atomic():
        for step in steps:
            with TestCase.captureOnCommitCallbacks(execute=True):
                step()
        found = rows()
        transaction.set_rollback(True)
    return found


def taken_in(events: Wires) -> Callable[[], object]:
    return lambda: ingest([parse_event(json.dumps(event)) for event in events])


def posted(path: str, body: Any) -> Callable[[], object]:
    def post() -> None:
        answer = ApiClient().post(path, body)
        assert answer.status_code in (201, 204), answer.content

    return post


def reported(
    task_run_id: UUID, flow_run_id: UUID | None, type_: str, *, after: float, message: str = "", **task_run: Any
) -> dict[str, Any]:
    """A task run's state as its client reports it."""
    labels = {"prefect.resource.id": f"prefect.task-run.{task_run_id}", "prefect.orchestration": "client"}
    state = {"type": type_, "name": type_.capitalize(), "message": message, "state_details": {}, "data": None}
    return wire_event(
        f"prefect.task-run.{type_.capitalize()}",
        labels,
        occurred=(BEGIN + timedelta(seconds=after)).isoformat(),
        related=[related(f"prefect.flow-run.{flow_run_id}", "flow-run")] if flow_run_id else [],
        payload={"validated_state": state, "task_run": {"task_key": "add", "dynamic_key": "d0", **task_run}},
    )


REPORT = st.fixed_dictionaries(
    {
        "task": st.integers(0, 3),
        "type_": st.sampled_from(["PENDING", "RUNNING", "FAILED", "COMPLETED", "CRASHED"]),
        "after": st.integers(0, 5),
    },
    optional={
        "name": st.sampled_from(["one", "another"]),
        "tags": st.sampled_from([[], ["a"], ["b", "a"], ["b", "b"]]),
        "run_count": st.integers(0, 3),
        "start_time": st.sampled_from([None, BEGIN.isoformat()]),
        "end_time": st.sampled_from([None, (BEGIN + timedelta(seconds=9)).isoformat()]),
        "total_run_time": st.sampled_from([0.0, 1.5]),
        "message": st.sampled_from(["", "Task run encountered an exception ValueError: no"]),
        "labels": st.just({"who": "me"}),
    },
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(REPORT, st.booleans()), min_size=1, max_size=9))
def test_records_the_same_task_runs_however_their_events_are_batched(db, reports):
    with transaction.atomic():
        flow_run = make_flow_run()
        # The third is the first under another identifier, and the fourth has no flow.
        known = [(uuid4(), flow_run.pk, "d0"), (uuid4(), flow_run.pk, "d1"), (uuid4(), flow_run.pk, "d0")]
        known.append((uuid4(), None, "d0"))
        events = [
            reported(*known[report.pop("task")][:2], **report, dynamic_key=known[task][2])
            for report, task in [({**report}, report["task"]) for report, _ in reports]
        ]
        batches: list[list[dict[str, Any]]] = [[]]
        for event, (_, ends_a_batch) in zip(events, reports, strict=True):
            batches[-1].append(event)
            if ends_a_batch:
                batches.append([])

        one_by_one = rows_after(*[taken_in([event]) for event in events])

        assert len(one_by_one["TaskRunState"]) == len(events)
        assert rows_after(taken_in(events)) == one_by_one
        assert rows_after(*[taken_in(batch) for batch in batches]) == one_by_one
        assert rows_after(taken_in(events), taken_in(events)) == one_by_one
        assert rows_after(posted("/events", events)) == one_by_one
        transaction.set_rollback(True)


def whatever_happens(flow_run_id: UUID) -> list[dict[str, Any]]:
    """One of each kind that something else is written for, or that a careless reader would change."""
    run = f"prefect.flow-run.{flow_run_id}"
    task_run_id = uuid4()
    upstream = related("s3://raw", "asset")
    return [
        wire_event("shop.opened", {"prefect.resource.id": "shop.1", "prefect.resource.name": "snö ☃"}),
        wire_event("shop.counted", payload={"big": 2**70, "nul": "a\0b", "small": 0.1, "deep": [[{"x": [None]}]]}),
        wire_event("shop.closed", occurred="2026-03-29T14:00:00.5+02:00", related=[related("shop.1", "owner")] * 2),
        wire_event("shop.closed", occurred=1774785600, follows=str(uuid4())),
        wire_event("prefect.flow-run.heartbeat", run, payload={"interval_seconds": 5, "host": "h", "process_id": 7}),
        wire_event("prefect.flow-run.heartbeat", run, payload={"interval_seconds": 9, "host": "h", "process_id": 8}),
        wire_event("prefect.asset.materialization.succeeded", "s3://clean", related=[upstream], payload={"rows": 3}),
        wire_event("prefect.asset.materialization.failed", "s3://clean", related=[upstream]),
        wire_event("prefect.asset.referenced", "s3://raw"),
        reported(task_run_id, flow_run_id, "RUNNING", after=1, tags=["x"], start_time=BEGIN.isoformat(), run_count=1),
        reported(
            task_run_id, flow_run_id, "FAILED", after=2, message="Task run encountered an exception ValueError: no"
        ),
        reported(uuid4(), uuid4(), "RUNNING", after=1),  # of a flow run that nobody knows
    ]


@pytest.mark.django_db
def test_writes_the_same_for_a_batch_of_events_as_for_each():
    events = whatever_happens(make_flow_run("RUNNING").pk)

    one_by_one = rows_after(*[taken_in([event]) for event in events])

    assert [len(one_by_one[name]) for name in ("Event", "Asset", "TaskRun", "Heartbeat")] == [len(events), 2, 1, 1]
    assert rows_after(taken_in(events)) == one_by_one
    assert rows_after(posted("/events", events)) == one_by_one
    assert rows_after(*[posted("/events", [event]) for event in events]) == one_by_one


@pytest.mark.django_db(transaction=True)
def test_stores_the_same_from_a_socket_as_from_a_request():
    events = whatever_happens(make_flow_run("RUNNING").pk)
    pipeline.start()
    http_threads.start()

    async def story() -> None:
        async with SocketClient(EventsIn.as_asgi()) as client:
            for event in events:
                await client.say(event)

    try:
        posted("/events", events)()
        from_a_request = rows()
        for model in (Event, Asset, Heartbeat, TaskRun):
            model.objects.all().delete()
        asyncio.run(story())
    finally:
        pipeline.stop(5)
        http_threads.stop(5)

    assert rows() == from_a_request


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCELLED"])
def test_records_from_events_what_requests_would_have_made(api, end):
    flow_run = make_flow_run("RUNNING")
    plan = {
        "id": str(uuid4()),
        "flow_run_id": str(flow_run.pk),
        "task_key": "add",
        "dynamic_key": "0",
        "name": "add-0",
        "tags": ["b", "a"],
        "labels": {"who": "me"},
        "task_inputs": {"x": [{"input_type": "parameter", "name": "y"}]},
        "empirical_policy": {"retries": 0, "retry_delay": 0},
    }
    tables = ("TaskRun", "TaskRunState", "TaskRunTag")
    events = []

    def requests() -> None:
        assert api.post("/task_runs/", plan).status_code == 201
        for type_ in (None, "RUNNING", end):
            if type_ is not None:
                state = {"type": type_, "message": "ValueError: no", "data": None}
                answer = api.post(f"/task_runs/{plan['id']}/set_state", {"state": state, "force": False})
                assert answer.json()["status"] == "ACCEPT"
            task_run = api.get(f"/task_runs/{plan['id']}").json()
            events.append(_event_about({**task_run, "empirical_policy": plan["empirical_policy"]}))

    by_requests = rows_after(requests)
    by_events = rows_after(taken_in(events))

    assert [len(by_requests[table]) for table in tables] == [1, 3, 2]
    assert {table: by_events[table] for table in tables} == {table: by_requests[table] for table in tables}


def _event_about(task_run: dict[str, Any]) -> dict[str, Any]:
    """The event of a client that knows what the server answered, and leaves out what says nothing."""
    details = task_run["state"]["state_details"].items()
    state = task_run["state"] | {
        "state_details": {name: value for name, value in details if value != DETAIL_DEFAULTS.get(name)}
    }
    return wire_event(
        f"prefect.task-run.{state['name']}",
        {"prefect.resource.id": f"prefect.task-run.{task_run['id']}", "prefect.orchestration": "client"},
        id=state["id"],
        occurred=state["timestamp"],
        related=[related(f"prefect.flow-run.{task_run['flow_run_id']}", "flow-run")],
        payload={"validated_state": state, "task_run": task_run},
    )


@pytest.mark.django_db
def test_keeps_the_same_lines_from_one_request_as_from_many():
    flow_run = make_flow_run("FAILED")
    source = 'Traceback (most recent call last):\n  File "shop.py", line 7, in sell\n    sell()\nValueError: no'
    lines = [
        {
            "id": str(uuid4()),
            "name": "prefect.flow_runs",
            "level": level,
            "message": message,
            "timestamp": (BEGIN + timedelta(seconds=number)).isoformat(),
            "flow_run_id": str(flow_run.pk),
            "task_run_id": None,
        }
        for number, (level, message) in enumerate([(20, "snö ☃"), (30, "nul \0"), (40, source), (20, "x" * 20_000)])
    ]

    singly = rows_after(*[posted("/logs/", [line]) for line in lines])

    assert len(singly["Log"]) == len(lines)
    assert rows_after(posted("/logs/", lines)) == singly
    assert rows_after(posted("/logs/", lines), posted("/logs/", lines)) == singly
