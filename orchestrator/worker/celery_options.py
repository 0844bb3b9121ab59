"""Options of Celery's own worker, read by Celery's own parser. What this worker decides itself is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from celery import Celery
from celery.bin.base import CLIContext
from celery.bin.worker import worker as celery_worker

# Option of Celery -> why it is refused.
REFUSED = {
    "concurrency": "use --concurrency",
    "hostname": "use --name",
    "queues": "use --queue",
    "exclude_queues": "use --queue",
    "max_tasks_per_child": "use --max-tasks-per-child",
    "max_memory_per_child": "use --max-memory-per-child",
    "autoscale": "use --autoscale",
    "purge": "it would throw away what calls other workers",
    "pool": "flow runs are executed in warm processes, which only prefork has",
    "pool_start_method": "the processes are forked, so that they are warm",
    "prefetch_multiplier": "a worker takes only what it can begin",
    "disable_prefetch": "a worker takes only what it can begin",
    "task_events": "workers tell the server what they do",
    "heartbeat_interval": "workers tell the server that they live",
    "beat": "the server plans the runs of schedules",
    "schedule_filename": "the server plans the runs of schedules",
    "scheduler": "the server plans the runs of schedules",
    "statedb": "nothing of it is kept",
}
DAEMON = ("detach", "executable", "gid", "logfile", "pidfile", "uid", "umask")
_OF_A_DAEMON = "let systemd, a container or nohup look after the process"
ALREADY_SO = ("without_gossip", "without_mingle", "without_heartbeat")


class OptionRefused(ValueError):
    """An option is not Celery's, is malformed, or is in the way of how this worker works; the message says which."""


def read_celery_options(arguments: Sequence[str]) -> dict[str, Any]:
    """What Celery's worker is to be called with, from what stood behind `--`. Raises OptionRefused."""
    if not arguments:
        return {}
    app = Celery("options", fixups=[], set_as_current=False)
    context = CLIContext(app=app, no_color=True, workdir=None, quiet=True)
    try:
        with click.Context(celery_worker, obj=context) as parent:
            parsed = celery_worker.make_context("celery worker", list(arguments), parent=parent)
    except click.exceptions.Exit:
        raise OptionRefused("--help shows nothing here; see `celery worker --help`") from None
    except click.ClickException as error:
        raise OptionRefused(f"{error.format_message()} (an option of Celery's worker)") from None
    if parsed.args:
        raise OptionRefused(f"Celery's worker knows no {parsed.args[0]!r}")
    given = {
        name: value
        for name, value in parsed.params.items()
        if parsed.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    _refuse_conflicts(given)
    return {name: value for name, value in given.items() if name not in ALREADY_SO and name != "pool"}


def _refuse_conflicts(given: Mapping[str, Any]) -> None:
    for name in given:
        if name == "pool" and given[name].__module__ == "celery.concurrency.prefork":
            continue
        why = _OF_A_DAEMON if name in DAEMON else REFUSED.get(name)
        if why is not None:
            raise OptionRefused(f"Celery's option --{name.replace('_', '-')} cannot be used here: {why}")
