"""Collections: which kinds of workers, blocks and flows there are to be had, for those who set up a pool or a block."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson

from orchestrator.store.errors import ViewNotFound
from orchestrator.store.services.own_workers import CELERY, CELERY_TEMPLATE
from orchestrator.store.services.system_blocks import DATA, system_block_facts, words

_CELERY = {
    "type": CELERY,
    "display_name": "Celery",
    "documentation_url": None,
    "install_command": "",
    "is_beta": False,
    "logo_url": None,
    "default_base_job_configuration": CELERY_TEMPLATE,
}


def collection_view(view: str) -> dict[str, Any]:
    """Raises ViewNotFound."""
    make = _VIEWS.get(view)
    if make is None:
        raise ViewNotFound(view)
    return make()


@cache
def _workers() -> dict[str, Any]:
    """Package -> worker type -> what is known of it; our own first."""
    packages = {"orchestrator": {"celery": _CELERY}, **orjson.loads((DATA / "workers.json").read_bytes())}
    return {
        package: {kind: _described_worker(worker) for kind, worker in workers.items()}
        for package, workers in packages.items()
    }


@cache
def _blocks() -> dict[str, Any]:
    """Package -> its block types by slug, each with its newest schema."""
    facts = system_block_facts()
    newest = {one["block_type"]: one for one in facts["block_schemas"]}
    blocks = {
        one["slug"]: {
            **one,
            "description": words()["block_types"].get(one["slug"]),
            "code_example": None,
            "block_schema": {
                key: newest[one["slug"]][key] for key in ("checksum", "version", "capabilities", "fields")
            },
        }
        for one in facts["block_types"]
    }
    return {"prefect": {"block_types": blocks}}


def _flows() -> dict[str, Any]:
    """Nobody publishes flows through this server."""
    return {}


def _described_worker(worker: dict[str, Any]) -> dict[str, Any]:
    configuration = worker["default_base_job_configuration"]
    variables = configuration["variables"]
    described = {
        name: {**schema, "description": words()["job_variables"][name]} if name in words()["job_variables"] else schema
        for name, schema in variables["properties"].items()
    }
    return {
        **worker,
        "description": words()["worker_types"].get(worker["type"], ""),
        "default_base_job_configuration": {**configuration, "variables": {**variables, "properties": described}},
    }


_VIEWS: dict[str, Callable[[], dict[str, Any]]] = {
    "aggregate-worker-metadata": _workers,
    "aggregate-block-metadata": _blocks,
    "aggregate-flow-metadata": _flows,
}
