"""A deployment of a flow that does nothing, its runs, and what became of them: for rows about runs on a worker."""

from __future__ import annotations

import time
import urllib.error
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.databases import Database
from benchmarks.row import Incorrect
from benchmarks.sides import Side
from benchmarks.stages import POOL, PROCESSES, server_and_worker

NAME = "nothing"
_FLOW = f"from {{library}} import flow\n\n\n@flow\ndef {NAME}():\n    return None\n"
_WARM_SECONDS = 300.0
_LOOK_SECONDS = 0.25  # so seldom that looking is no load
_ENDS = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]
_PAGE = 200  # runs that one answer has at most
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)  # as Prefect's own client makes them, when the server names none
BUSY = 503


@contextmanager
def deployed(side: Side, database: Database) -> Iterator[Side]:
    """A server, a worker, and a deployment, made over the API as `prefect deploy` makes one of a local directory.

    Some of its runs were executed, so that everything is warm that can be.
    """
    with server_and_worker(side, database) as served:
        deploy(served)
        deployment = deployment_id(served)
        runs = [create_run(served, deployment) for _ in range(2 * PROCESSES)]
        wait_until_completed(served, deployment, runs, seconds=_WARM_SECONDS)
        yield served


def deploy(side: Side) -> None:
    """The flow's file is one text for both, but for the library that it imports from."""
    assert side.home is not None
    code = side.home / "code"
    code.mkdir()
    (code / f"{NAME}.py").write_text(_FLOW.format(library=side.library))
    flow = side.ask("/flows/", {"name": NAME})
    side.ask(
        "/deployments/",
        {
            "name": NAME,
            "flow_id": flow["id"],
            "work_pool_name": POOL,
            "entrypoint": f"{NAME}.py:{NAME}",
            "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": str(code)}}],
        },
    )


def deployment_id(side: Side) -> str:
    return str(side.ask(f"/deployments/name/{NAME}/{NAME}")["id"])


def create_run(side: Side, deployment: str) -> str:
    """The id of a new run that is due at once. A server that is busy is asked again, as clients do."""
    return str(_asked(side, f"/deployments/{deployment}/create_flow_run", {})["id"])


def wait_until_completed(
    side: Side, deployment: str, run_ids: Sequence[str], *, seconds: float
) -> list[dict[str, Any]]:
    """These runs, the only ones of the deployment that have not ended, as the API tells them when all are COMPLETED.

    Raises Incorrect when they are not within `seconds`, or when one was begun more than once.
    """
    of_deployment = {"deployments": {"id": {"any_": [deployment]}}}
    not_ended = {**of_deployment, "flow_runs": {"state": {"type": {"not_any_": _ENDS}}}}
    deadline = time.monotonic() + seconds
    while left := _asked(side, "/flow_runs/count", not_ended):
        if time.monotonic() > deadline:
            raise Incorrect(f"{side.name}: {left} of {len(run_ids)} runs have not ended after {seconds:g} seconds")
        time.sleep(_LOOK_SECONDS)
    runs = [run for start in range(0, len(run_ids), _PAGE) for run in _runs(side, run_ids[start : start + _PAGE])]
    states = Counter(run["state_type"] for run in runs)
    if states != {"COMPLETED": len(run_ids)}:
        raise Incorrect(f"{side.name}: of {len(run_ids)} runs {dict(states)}")
    if twice := [run["id"] for run in runs if run["run_count"] != 1]:
        raise Incorrect(f"{side.name}: begun more than once, or never: {', '.join(twice)}")
    return runs


def _runs(side: Side, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = _asked(side, "/flow_runs/filter", {"flow_runs": {"id": {"any_": list(run_ids)}}})
    return runs


def _asked(side: Side, path: str, body: Any) -> Any:
    """The answer, in spite of a few that say 503: Prefect's server does while its SQLite file is locked.

    The time that this takes is the server's.
    """
    for pause in _PAUSES_SECONDS:
        try:
            return side.ask(path, body)
        except urllib.error.HTTPError as error:
            if error.code != BUSY:
                raise
            time.sleep(float(error.headers.get("Retry-After") or pause))
    return side.ask(path, body)
