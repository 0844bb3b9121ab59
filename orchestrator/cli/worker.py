"""`orchestrator worker …`"""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from orchestrator.cli.lazy import LazyGroup

MOST_PROCESSES = 256


@click.group(
    cls=LazyGroup,
    lazy={
        "ls": ("orchestrator.cli.workers", "ls", "List the workers of work pools."),
        "inspect": ("orchestrator.cli.workers", "inspect", "Show one worker."),
    },
)
def worker() -> None:
    """Run workers, and look at those that there are."""


class _MostAndLeast(click.ParamType):
    """`8,2`: two numbers of processes."""

    name = "MOST,LEAST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        most, comma, least = str(value).partition(",")
        if not (comma and most.strip().isdigit() and least.strip().isdigit()):
            self.fail(f"{value!r} is not two numbers such as 8,2", param, ctx)
        if not 1 <= int(least) <= int(most) <= MOST_PROCESSES:
            self.fail(f"{value!r}: from 1 to {MOST_PROCESSES}, the larger number first", param, ctx)
        return int(most), int(least)


@worker.command(context_settings={"ignore_unknown_options": False})
@click.option("--pool", default="default", show_default=True, help="The work pool whose runs are executed.")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Only runs of this work queue. Repeatable.")
@click.option(
    "--concurrency", default=2, show_default=True, type=click.IntRange(1, MOST_PROCESSES), help="Runs at once."
)
@click.option("--autoscale", type=_MostAndLeast(), help="As many processes as there is work for, between the two.")
@click.option("--name", default=None, help="By default the host's name and four digits.")
@click.option(
    "--drain-seconds",
    type=click.FloatRange(min=0),
    default=None,
    help="How long running flows may go on after SIGTERM, until they are handed back. By default until they end.",
)
@click.option("--max-tasks-per-child", type=click.IntRange(min=1), help="Runs after which a process is replaced.")
@click.option("--max-memory-per-child", type=click.IntRange(min=1), help="KiB after which a process is replaced.")
@click.option(
    "--tasks",
    default=None,
    type=click.IntRange(0, MOST_PROCESSES),
    help="Tasks at once that flows submit with CeleryTaskRunner, beside the runs. By default as many; 0 takes none.",
)
@click.option(
    "--serve",
    "serves",
    multiple=True,
    metavar="FILE.py[:TASK]",
    help="Execute what is delayed of these background tasks as well; a module's name serves its tasks. Repeatable.",
)
@click.option("--only-tasks", is_flag=True, help="Execute submitted tasks alone, and no flow runs.")
@click.argument("celery_options", nargs=-1, type=click.UNPROCESSED, metavar="[-- CELERY OPTIONS]")
@click.pass_context
def start(
    context: click.Context,
    pool: str,
    queues: tuple[str, ...],
    concurrency: int,
    autoscale: tuple[int, int] | None,
    name: str | None,
    drain_seconds: float | None,
    max_tasks_per_child: int | None,
    max_memory_per_child: int | None,
    tasks: int | None,
    serves: tuple[str, ...],
    only_tasks: bool,
    celery_options: tuple[str, ...],
) -> None:
    """Execute the flow runs of a work pool until told to stop.

    Needs ORCHESTRATOR_BROKER_URL, ORCHESTRATOR_API_URL and, where the server asks for it, ORCHESTRATOR_API_KEY.

    SIGTERM lets running flows end. A second one, SIGQUIT, or the end of --drain-seconds hands them back: they begin
    elsewhere at once. Exit codes: 0 it was told to stop, 1 it could not start or go on.
    """
    from orchestrator.sdk.errors import SettingError
    from orchestrator.worker.celery_options import OptionRefused, read_celery_options
    from orchestrator.worker.settings import worker_settings
    from orchestrator.worker.starting import start_worker

    if autoscale and context.get_parameter_source("concurrency") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--concurrency and --autoscale exclude each other.")
    if only_tasks and tasks == 0:
        raise click.UsageError("--only-tasks with --tasks 0 would do nothing.")
    if only_tasks:
        beside = {
            "--serve": serves,
            "--queue": queues,
            "--drain-seconds": drain_seconds is not None,
            "--autoscale": autoscale,
        }
        for option in (option for option, given in beside.items() if given):
            raise click.UsageError(f"--only-tasks executes submitted tasks alone: {option} says nothing beside it.")
    if not all(queue.strip() for queue in queues):
        raise click.UsageError("--queue needs a name.")
    try:
        celery = read_celery_options(celery_options)
    except OptionRefused as refusal:
        raise click.UsageError(f"{refusal}.") from None
    limits = {"max_tasks_per_child": max_tasks_per_child, "max_memory_per_child": max_memory_per_child}
    try:
        settings = worker_settings(
            pool=pool,
            name=name,
            concurrency=concurrency,
            work_queues=queues,
            autoscale=autoscale,
            drain_seconds=drain_seconds,
            task_processes=tasks,
            serves=serves,
            celery={**celery, **{option: value for option, value in limits.items() if value is not None}},
        )
    except SettingError as error:
        print(f"orchestrator worker: {error}", file=sys.stderr)
        sys.exit(1)
    if only_tasks:
        from orchestrator.worker.tasks.serving import serve_tasks

        sys.exit(serve_tasks(settings))
    sys.exit(start_worker(settings))
