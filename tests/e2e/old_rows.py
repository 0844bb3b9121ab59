"""Fills a database with what is kept no longer, for processes that are started for a test; and tells what is left.

`python -m tests.e2e.old_rows fill RUNS` or `… tell`.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
django.setup()

from orchestrator.contract.states import StateType  # noqa: E402
from orchestrator.contract.times import now  # noqa: E402
from orchestrator.events.models import Event, RelatedResource  # noqa: E402
from runs.models import Artifact, FlowRun, Leftover, Log, RetentionReport, TaskRun, TaskRunState  # noqa: E402
from runs.services.artifacts import create_artifact  # noqa: E402
from tests.factories import make_flow, make_flow_run, make_logs, make_task_run  # noqa: E402

TASKS_OF_A_RUN, LINES_OF_A_TASK = 5, 10


def fill(runs: int) -> None:
    """Old runs, and one that is new, each with task runs, lines and an artifact."""
    flow, old, new = make_flow(), now() - timedelta(days=100), now() - timedelta(days=1)
    for at in [old] * runs + [new]:
        run = make_flow_run(StateType.COMPLETED, flow=flow, started=at, seconds=1)
        for _ in range(TASKS_OF_A_RUN):
            task = make_task_run(StateType.COMPLETED, flow_run=run, started=at)
            # Younger than the run is allowed to be: they go with it, not by their own age.
            make_logs(task, *["line"] * LINES_OF_A_TASK, started=new)
        create_artifact(columns={"key": str(run.pk), "data": 1, "flow_run_id": run.pk})


def tell() -> dict[str, int]:
    """How many rows there are of each kind."""
    models = (FlowRun, TaskRun, TaskRunState, Log, Artifact, Event, RelatedResource, RetentionReport)
    counts = {model.__name__: model._default_manager.count() for model in models}
    return {**counts, "Leftover": Leftover.objects.due(now()).count()}


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    print(json.dumps(tell()))
