"""`orchestrator worker …`"""

from __future__ import annotations

import sys

import click


@click.group()
def worker() -> None:
    """Run a worker that executes flow runs."""


@worker.command()
@click.option("--pool", default="default", show_default=True, help="The work pool whose runs are executed.")
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1, 256), help="Flow runs at once.")
@click.option("--name", default=None, help="By default the host's name and four digits.")
def start(pool: str, concurrency: int, name: str | None) -> None:
    """Execute the flow runs of a work pool until told to stop.

    Needs ORCHESTRATOR_BROKER_URL, ORCHESTRATOR_API_URL and, where the server asks for it, ORCHESTRATOR_API_KEY.
    """
    from orchestrator.worker.settings import worker_settings
    from orchestrator.worker.starting import start_worker

    sys.exit(start_worker(worker_settings(pool=pool, concurrency=concurrency, name=name)))
