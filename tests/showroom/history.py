"""Runs of the past week, so that charts have something to show. Written by the ORM, as no run can be made in the past.

python -m tests.showroom.history        # into the server of ORCHESTRATOR_HOME
"""

from __future__ import annotations

import os
import random
from datetime import timedelta

import django

PER_DEPLOYMENT = 70
DAYS = 7
# Where a run of the past ended: the share of each deployment's runs that failed, and why.
TROUBLE = {
    "etl-eu": (0.14, "KeyError: 'table'"),
    "etl-us": (0.04, "ConnectionError: the customers' database closed the connection"),
    "train-weekly": (0.1, "RuntimeError: NaN loss at step 310"),
    "hello": (0.0, ""),
}


def write() -> int:
    """How many runs were written. The same numbers every time."""
    from deployments.models import Deployment
    from orchestrator.contract.times import now
    from tests.factories import make_flow_run, make_task_run

    chance = random.Random(7)
    written = 0
    for name, (failing, reason) in TROUBLE.items():
        deployment = Deployment.objects.select_related("flow").get(name=name)
        usual_seconds = chance.uniform(5, 60)
        for _ in range(PER_DEPLOYMENT):
            failed = chance.random() < failing
            seconds = usual_seconds * chance.uniform(0.6, 1.6)
            started = now() - timedelta(days=DAYS * chance.random(), minutes=5)
            run = make_flow_run(
                "FAILED" if failed else "COMPLETED",
                flow=deployment.flow,
                deployment=deployment,
                started=started,
                seconds=seconds,
                message=f"Flow run encountered an exception: {reason}" if failed else None,
                tags=deployment.tags,
                parameters=deployment.parameters,
            )
            for task in ("extract_shop", "transform", "load"):
                state = "FAILED" if failed and task == "load" else "COMPLETED"
                make_task_run(state, flow_run=run, task=task, started=started, seconds=seconds / 3)
            written += 1
    return written


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
    django.setup()
    print(f"{write()} runs of the past {DAYS} days")
