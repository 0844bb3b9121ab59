"""`orchestrator task …`"""

from __future__ import annotations

import click


@click.group()
def task() -> None:
    """Execute background tasks."""


@task.command()
@click.argument("entrypoints", nargs=-1, metavar="[FILE.py[:TASK]]...")
@click.option("--module", "-m", "modules", multiple=True, metavar="NAME", help="All tasks of a module. Repeatable.")
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many execute at once, in threads."
)
@click.option(
    "--drain-seconds",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long running tasks may go on after SIGTERM, until they are handed back.",
)
def serve(entrypoints: tuple[str, ...], modules: tuple[str, ...], limit: int, drain_seconds: float) -> None:
    """Execute what was delayed of these tasks, until told to stop.

    FILE.py:TASK names one task, FILE.py all tasks of the file. SIGTERM lets running tasks end; what has not ended in
    time, or is stopped by a second signal, is begun again by whoever serves the task next.
    """
    if not entrypoints and not modules:
        raise click.UsageError("Name a file, such as tasks.py:my_task, or a --module.")
    from orchestrator.sdk.background_tasks.serving import serve_tasks
    from orchestrator.sdk.tasks.loading import load_tasks

    tasks = load_tasks([*entrypoints, *modules])
    serve_tasks(*tasks, limit=limit, drain_seconds=drain_seconds)
