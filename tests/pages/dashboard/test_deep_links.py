"""Every link that clients print is answered, with and without a slash, and what is unknown gets help."""

from __future__ import annotations

from datetime import UTC

import pytest

from automations.models import Automation
from orchestrator.contract.times import now
from orchestrator.events.models import Event
from orchestrator.store.models import BlockDocument, BlockSchema, BlockType
from orchestrator.store.services.encryption import encrypted
from runs.models import ConcurrencyLimit
from tests.factories import make_deployment, make_flow_run, make_task_run, make_work_pool, make_worker

pytestmark = pytest.mark.django_db

NOBODY = "11111111-2222-4333-8444-555555555555"
FORMATS = {
    "flow": "flows/flow/{}",
    "flow-run": "runs/flow-run/{}",
    "flow-run-of-old": "flow-runs/flow-run/{}",
    "task-run": "runs/task-run/{}",
    "block": "blocks/block/{}",
    "work-pool": "work-pools/work-pool/{}",
    "work-queue": "work-queues/work-queue/{}",
    "concurrency-limit": "concurrency-limits/concurrency-limit/{}",
    "deployment": "deployments/deployment/{}",
    "automation": "automations/automation/{}",
    "event": "events/event/{}",
    "worker": "work-pools/work-pool/{}",
}


@pytest.mark.parametrize("prefix", ["", "v2/"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", FORMATS)
def test_leads_to_a_page(client, kind, slash, prefix):
    """LINK-1, LINK-2, LINK-3: each format with a real id gives 200 or a 302 that ends in 200."""
    address = f"/{prefix}{FORMATS[kind].format(identifier_of(kind))}{slash}"

    answer = client.get(address, follow=True)

    assert answer.status_code == 200, (address, answer.redirect_chain)
    assert "<h1>" in answer.content.decode()


@pytest.mark.parametrize("prefix", ["", "v2/"])
@pytest.mark.parametrize("kind", FORMATS)
def test_helps_with_what_is_unknown(client, kind, prefix):
    """LINK-1: with an unknown id a helpful 404 with search."""
    nobody = {"event": f"2026-11-20/{NOBODY}", "worker": f"nobody/worker/{NOBODY}"}.get(kind, NOBODY)

    answer = client.get(f"/{prefix}{FORMATS[kind].format(nobody)}", follow=True)

    assert answer.status_code == 404
    body = answer.content.decode()
    assert "There is no such" in body
    assert 'action="/search"' in body


def test_keeps_what_the_address_asked_for(client):
    run = make_flow_run()

    answer = client.get(f"/v2/flows/flow/{run.flow_id}?tab=runs")

    assert answer.status_code in (200, 302)
    assert answer.status_code == 200 or answer.url == f"/flows/flow/{run.flow_id}?tab=runs"


@pytest.mark.parametrize("rest", ["//evil.example/", "https://evil.example/", "\\evil.example"])
def test_leads_nowhere_else(client, rest):
    answer = client.get(f"/v2/{rest}")

    assert answer.status_code == 404 or (answer.url.startswith("/") and not answer.url.startswith("//"))


def test_answers_the_address_of_the_page_itself(client):
    for address in ("/v2", "/v2/", "/dashboard"):
        assert client.get(address, follow=True).redirect_chain[-1][0] == "/"


def identifier_of(kind):
    if kind in ("flow", "deployment"):
        deployment = make_deployment()
        return deployment.pk if kind == "deployment" else deployment.flow_id
    if kind.startswith("flow-run"):
        return make_flow_run().pk
    if kind == "task-run":
        return make_task_run().pk
    if kind == "block":
        block_type = BlockType.objects.create(name="Thing", slug="thing")
        schema = BlockSchema.objects.create(block_type=block_type, checksum="sha256:1", fields={"properties": {}})
        columns = {"block_type": block_type, "block_schema": schema, "encrypted_data": encrypted({})}
        return BlockDocument.objects.create(name="one", **columns).pk
    if kind == "work-pool":
        return make_work_pool().pk
    if kind == "work-queue":
        return make_work_pool().default_queue.pk
    if kind == "worker":
        worker = make_worker(make_work_pool())
        return f"{worker.work_pool.name}/worker/{worker.pk}"
    if kind == "concurrency-limit":
        return ConcurrencyLimit.objects.create(name="database", limit=1).pk
    if kind == "automation":
        return Automation.objects.create(name="guard", trigger={"type": "event"}).pk
    event = Event.objects.create(event="x", occurred=now(), received=now(), resource_id="y", resource={})
    return f"{event.occurred.astimezone(UTC):%Y-%m-%d}/{event.id}"
