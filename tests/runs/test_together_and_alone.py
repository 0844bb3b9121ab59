"""Requests that share a transaction leave the same rows, and are answered the same, as one after the other."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from deployments.models import Deployment
from orchestrator.events.models import Event, RelatedResource
from orchestrator.web import threads as module
from orchestrator.web.engine import HttpEngine
from orchestrator.web.group_commit import NotCommitted
from orchestrator.web.threads import Threads
from runs.models import Claim, FlowRun, FlowRunState, TaskRun, TaskRunState
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool
from tests.web.asgi import Exchange

pytestmark = pytest.mark.django_db(transaction=True)
Request = tuple[str, dict[str, Any]]  # path below /api, body
HEADERS = [(b"content-type", b"application/json")]
WAYS = ("together", "alone")
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def shared(monkeypatch):
    """How many calls each shared transaction had."""
    sizes = []
    real = module.shared_transaction

    @contextmanager
    def counted():
        sizes.append(0)
        with real():
            yield

    work = module.Job.work

    def working(job):
        if sizes:
            sizes[-1] += 1
        work(job)

    monkeypatch.setattr(module, "shared_transaction", counted)
    monkeypatch.setattr(module.Job, "work", working)
    return sizes


def answers_to(requests: list[Request], *, together: bool) -> list[tuple[int, Any]]:
    """Status and body of each. Those that go together wait for the thread when it takes the first of them."""
    threads = Threads("test", 1, most_waiting=100, commits_together=True)
    engine = HttpEngine(threads, threads)
    exchanges = [Exchange("POST", f"/api{path}", [json.dumps(body).encode()], HEADERS) for path, body in requests]

    async def one_by_one() -> None:
        for exchange in exchanges:
            await exchange.run(engine)

    async def all_at_once() -> None:
        release = threading.Event()
        before = asyncio.ensure_future(threads.call(release.wait, 20))
        running = [asyncio.ensure_future(exchange.run(engine)) for exchange in exchanges]
        while threads._jobs.qsize() < len(exchanges):
            await asyncio.sleep(0)
        release.set()
        await asyncio.gather(before, *running)

    try:
        asyncio.run(all_at_once() if together else one_by_one())
    finally:
        threads.stop(5)
    return [(exchange.status, json.loads(exchange.body or b"null")) for exchange in exchanges]


def runs_of(way: str, deployment: Deployment) -> dict[str, str]:
    """The identifiers of runs that wait, and of some that do not, by their names."""
    waiting = {"deployment": deployment, "flow": deployment.flow, "work_queue": deployment.work_queue}
    runs = [make_flow_run("SCHEDULED", name=f"{way} {name}", **waiting) for name in ("first", "second", "third")]
    runs.append(make_flow_run("COMPLETED", name=f"{way} ended", **waiting))
    runs.append(make_flow_run("RUNNING", name=f"{way} busy"))
    task_run = make_task_run("PENDING", name=f"{way} task", flow_run=runs[-1])
    return {run.name.removeprefix(f"{way} "): str(run.pk) for run in (*runs, task_run)}


def requests_for(ids: dict[str, str], way: str, deployment: Deployment) -> list[Request]:
    claims = f"/work_pools/{deployment.work_queue.work_pool.name}/claims"

    def state(name: str, type_: str, **more: Any) -> Request:
        kind = "task_runs" if name == "task" else "flow_runs"
        return f"/{kind}/{ids.get(name, NOBODY)}/set_state", {"state": {"type": type_, "message": "by a test"}, **more}

    new = {"flow_id": str(deployment.flow_id), "name": f"{way} new", "idempotency_key": f"{way} once"}
    return [
        (claims, {"flow_run_id": ids["first"], "worker_name": "one"}),
        (claims, {"flow_run_id": ids["first"], "worker_name": "two"}),  # is taken
        (claims, {"flow_run_id": ids["ended"], "worker_name": "one"}),
        (claims, {"flow_run_id": NOBODY, "worker_name": "one"}),
        (claims, {"flow_run_id": ids["second"], "worker_name": "two"}),
        state("task", "RUNNING"),
        state("task", "COMPLETED"),
        state("task", "RUNNING"),  # refused
        state("first", "RUNNING"),
        state("nobody", "RUNNING"),
        ("/flow_runs/", new),
        ("/flow_runs/", new),  # the same once more
        ("/flow_runs/", {**new, "flow_id": NOBODY, "idempotency_key": None}),
        ("/flow_runs/", {"unknown": 1}),
        state("busy", "FAILED"),
        state("third", "CANCELLED", force=True),
        ("/task_runs", {"flow_run_id": ids["busy"], "task_key": "t", "dynamic_key": "1", "name": f"{way} t"}),
    ]


def left_by(way: str) -> dict[str, Any]:
    """What stands there about the runs of one way, without what is another each time."""
    runs, task_runs = FlowRun.objects.filter(name__startswith=way), TaskRun.objects.filter(name__startswith=way)
    keys = [f"prefect.flow-run.{run.pk}" for run in runs]
    events = Event.objects.filter(resource_id__in=keys)
    columns = ("name", "state_type", "state_name", "run_count")
    return {
        "runs": _rows(runs, way, *columns, "tags", "parameters", "deployment_id", "work_queue_id"),
        "task runs": _rows(task_runs, way, *columns, "task_key", "flow_run__name"),
        "states": _rows(FlowRunState.objects.filter(flow_run__in=runs), way, "flow_run__name", "type", "message"),
        "of tasks": _rows(TaskRunState.objects.filter(task_run__in=task_runs), way, "task_run__name", "type", "name"),
        "claims": _rows(Claim.objects.filter(flow_run__in=runs), way, "flow_run__name", "attempt", "worker_name"),
        "events": sorted(json.dumps([event.event, event.payload]).replace(way, "") for event in events),
        "related": Counter(RelatedResource.objects.filter(event__in=events).values_list("role", flat=True)),
    }


def _rows(rows: Any, way: str, *columns: str) -> list[str]:
    return sorted(repr(row).replace(way, "") for row in rows.values_list(*columns))


@contextmanager
def undone():
    """Everything is done, and then it cannot be committed."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    raise NotCommitted


@pytest.mark.parametrize("is_committed", [True, False])
def test_shared_transactions_leave_what_single_ones_leave(shared, monkeypatch, is_committed):
    if not is_committed:
        monkeypatch.setattr(module, "shared_transaction", undone)
    deployment = make_deployment(pool=make_work_pool())
    found, statuses = {}, {}

    for way in WAYS:
        requests = requests_for(runs_of(way, deployment), way, deployment)
        answers = answers_to(requests, together=way == "together")
        statuses[way] = [(status, body and body.get("status")) for status, body in answers]
        found[way] = left_by(way)

    assert (max(shared, default=0) > 1) == is_committed
    assert statuses["together"] == statuses["alone"]
    assert {status for status, _ in statuses["alone"]} >= {201, 404, 409, 422}
    assert found["together"] == found["alone"]
    assert len(found["alone"]["claims"]) == 2
