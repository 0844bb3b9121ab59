"""One row of everything, made over the API, so that malformed requests get past the question whether it exists."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from orchestrator.contract.times import format_time, now
from tests.contract.malformed.asking import Asked, ask

Known = dict[str, list[Any]]  # name of a part of an address or of a key -> values that exist

_SCHEMA = {
    "title": "Kind",
    "type": "object",
    "properties": {"url": {"type": "string"}, "password": {"type": "string", "format": "password"}},
    "secret_fields": ["password"],
    "block_type_slug": "kind",
}
_KEYSET = {"schema": "ask-schema", "response": "ask-response", "description": "ask-description"}
_PARAMETERS = {"type": "object", "properties": {"n": {"type": "integer"}}}
_SCHEDULES = [
    {"schedule": {"interval": 3600}, "slug": "hour"},
    {"schedule": {"cron": "0 6 * * *", "timezone": "Europe/Berlin"}, "slug": "day"},
    {"schedule": {"rrule": "FREQ=WEEKLY"}, "slug": "week"},
]


def make_one_of_each() -> Known:
    """`resource.name` is the value of a name that means something else under other resources."""
    flow = _made("/flows", name="numbers")
    pool = _made("/work_pools", name="cluster", type="celery")
    queue = _made("/work_pools/cluster/queues", name="urgent", priority=2)
    _made("/work_pools/cluster/workers/heartbeat", name="w")
    deployment = _made(
        "/deployments",
        name="nightly",
        flow_id=flow["id"],
        work_pool_name="cluster",
        work_queue_name="urgent",
        parameter_openapi_schema=_PARAMETERS,
        schedules=_SCHEDULES,
        tags=["a"],
    )
    schedules = _asked("GET", f"/deployments/{deployment['id']}/schedules")
    scheduled = _made(f"/deployments/{deployment['id']}/create_flow_run", tags=["a"])
    claimed = _made(f"/deployments/{deployment['id']}/create_flow_run")
    claim = _made("/work_pools/cluster/claims", flow_run_id=claimed["id"], worker_name="w")
    running = _made("/flow_runs", flow_id=flow["id"], state={"type": "RUNNING"}, tags=["a", "b"], parameters={"n": 1})
    paused = _made(
        "/flow_runs",
        flow_id=flow["id"],
        state={"type": "PAUSED", "state_details": {"run_input_keyset": _KEYSET, "pause_timeout": format_time(now())}},
    )
    _made(f"/flow_runs/{paused['id']}/input", key="ask-schema", value=json.dumps(_PARAMETERS))
    _made(f"/flow_runs/{running['id']}/input", key="words", value="1")
    task_run = _made(
        "/task_runs",
        flow_run_id=running["id"],
        task_key="add",
        dynamic_key="0",
        state={"type": "RUNNING"},
        tags=["slow"],
        task_inputs={"x": [{"input_type": "parameter", "name": "n"}]},
    )
    line = {"name": "n", "level": 20, "message": "red", "timestamp": format_time(now()), "flow_run_id": running["id"]}
    _asked("POST", "/logs", [line])
    block_type = _made("/block_types", name="Kind", slug="kind")
    block_schema = _made("/block_schemas", fields=_SCHEMA, block_type_id=block_type["id"], capabilities=["store"])
    ids = {"block_schema_id": block_schema["id"], "block_type_id": block_type["id"]}
    document = _made("/block_documents", name="block", data={"url": "u", "password": "p"}, **ids)
    variable = _made("/variables", name="colour", value={"red": 1}, tags=["a"])
    artifact = _made("/artifacts", key="report", type="markdown", data="# 1", flow_run_id=running["id"])
    search = _asked("PUT", "/saved_searches", {"name": "mine", "filters": []})
    tag_limit = _made("/concurrency_limits", tag="slow", concurrency_limit=1)
    limit = _made("/v2/concurrency_limits", name="database", limit=5, slot_decay_per_second=0.5)
    lease = _made("/v2/concurrency_limits/increment-with-lease", names=["database"], slots=1, lease_duration=60)
    _asked("POST", "/events", [_event()])
    states = _asked("GET", "/flow_run_states", query=f"flow_run_id={running['id']}")
    task_states = _asked("GET", "/task_run_states", query=f"task_run_id={task_run['id']}")
    runs = [running["id"], paused["id"], scheduled["id"], claimed["id"]]
    return {
        "variables.id": [variable["id"]],
        "variables.name": ["colour"],
        "block_types.id": [block_type["id"]],
        "block_schemas.id": [block_schema["id"]],
        "block_documents.id": [document["id"]],
        "flows.name": ["numbers"],
        "deployments.name": ["nightly"],
        "work_queues.name": ["urgent", "default"],
        "task_runs.run_id": [task_run["id"]],
        "task_run_states.state_id": [task_states[0]["id"]],
        "flow_run_states.state_id": [states[0]["id"]],
        "artifacts.key": ["report"],
        "artifacts.id": [artifact["id"]],
        "name": ["cluster", "urgent", "w"],
        "id": [*runs, task_run["id"], document["id"]],
        "slug": ["kind"],
        "block_document_name": ["block"],
        "checksum": [block_schema["checksum"]],
        "view": ["aggregate-worker-metadata", "aggregate-block-metadata"],
        "flow_id": [flow["id"]],
        "flow_name": ["numbers"],
        "run_id": runs,
        "flow_run_id": runs,
        "parent_task_run_id": [task_run["id"]],
        "task_run_id": [task_run["id"]],
        "key": ["words", "ask-schema"],
        "artifact_id": [artifact["id"]],
        "search_id": [search["id"]],
        "limit_id": [tag_limit["id"]],
        "id_or_name": ["database", limit["id"]],
        "global_concurrency_limit_id": [limit["id"]],
        "tag": ["slow"],
        "lease_id": [lease["lease_id"]],
        "names": [["database"], ["database", "other"]],
        "tags": [["slow"], ["a", "b"]],
        "deployment_id": [deployment["id"]],
        "deployment_ids": [[deployment["id"]]],
        "schedule_id": [one["id"] for one in schedules],
        "queue_id": [queue["id"]],
        "pool_name": ["cluster"],
        "work_pool_name": ["cluster"],
        "work_pool_id": [pool["id"]],
        "work_queue_name": ["urgent"],
        "work_queue_names": [["urgent", "default"]],
        "worker_name": ["w"],
        "claim_id": [claim["id"]],
        "block_type_id": [block_type["id"]],
        "block_schema_id": [block_schema["id"]],
        "block_document_id": [document["id"]],
        "default_result_storage_block_id": [document["id"]],
        "parent_block_schema_id": [block_schema["id"]],
        "resource_id": ["prefect.flow-run." + runs[0]],
        "countable": ["day", "time", "event", "resource"],
        "any_": [runs, [flow["id"]], ["a", "numbers"], [deployment["id"]]],
    }


def _event() -> dict[str, Any]:
    labels = {"prefect.resource.id": "shop.1"}
    return {"id": str(uuid4()), "occurred": format_time(now()), "event": "shop.opened", "resource": labels}


def _made(address: str, /, **body: Any) -> Any:
    return _asked("POST", address, body)


def _asked(method: str, address: str, body: Any = None, query: str = "") -> Any:
    answer = ask(Asked(method, address, query, body=b"" if body is None else json.dumps(body).encode()))
    assert answer.status < 300, f"{method} {address}: {answer.status} {answer.body!r}"
    return answer.json() if answer.body else None
