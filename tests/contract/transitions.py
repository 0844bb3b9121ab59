"""Sequences of states that are proposed to a server over REST, and what it makes of the last one.

`python -m tests.contract.record_transitions URL` asks a server of the reference and records its answers, which
`test_transitions.py` holds ours against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import uuid4
from zlib import crc32

Ask = Callable[[str, str, Any], tuple[int, Any]]  # method, path, body -> status, JSON value

RESULT = {"storage_key": "results/1", "storage_block_id": None, "serializer": {"type": "pickle"}}
NO_RESULT = {"type": "unpersisted"}
SAME = "0198c0de-0000-7000-8000-000000000001"  # of a transition that is proposed twice


def state(type_: str, name: str | None = None, *, data: Any = None, **details: Any) -> dict[str, Any]:
    """Details that are called `…_in` are times, as seconds from now."""
    times = {key.removesuffix("_in"): _at(value) for key, value in details.items() if key.endswith("_in")}
    plain = {key: value for key, value in details.items() if not key.endswith("_in")}
    return {"type": type_, "name": name, "data": data, "state_details": plain | times}


def _at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


# What a run went through before, by force.
HISTORIES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "scheduled": lambda: [state("SCHEDULED", scheduled_time_in=-10)],
    "scheduled later": lambda: [state("SCHEDULED", scheduled_time_in=500)],
    "late": lambda: [state("SCHEDULED", scheduled_time_in=-10), state("SCHEDULED", "Late", scheduled_time_in=-10)],
    "awaiting retry": lambda: [state("RUNNING"), state("SCHEDULED", "AwaitingRetry", scheduled_time_in=-1)],
    "resuming": lambda: [state("RUNNING"), state("SCHEDULED", "Resuming", scheduled_time_in=-1)],
    "pending": lambda: [state("PENDING", transition_id=SAME)],
    "pending till later": lambda: [state("PENDING", scheduled_time_in=500)],
    "submitting": lambda: [state("PENDING", "Submitting")],
    "running": lambda: [state("PENDING"), state("RUNNING")],
    "running again": lambda: [state("RUNNING"), state("RUNNING", "Retrying")],
    "completed": lambda: [state("RUNNING"), state("COMPLETED", data=NO_RESULT)],
    "completed with a result": lambda: [state("RUNNING"), state("COMPLETED", data=RESULT)],
    "failed": lambda: [state("RUNNING"), state("FAILED")],
    "failed at once": lambda: [state("PENDING"), state("FAILED")],
    "cancelled": lambda: [state("RUNNING"), state("CANCELLED")],
    "crashed": lambda: [state("RUNNING"), state("CRASHED")],
    "paused": lambda: [state("RUNNING"), state("PAUSED", pause_timeout_in=500, pause_key="k1")],
    "paused for too long": lambda: [state("RUNNING"), state("PAUSED", pause_timeout_in=-5, pause_key="k1")],
    "suspended": lambda: [state("RUNNING"), state("PAUSED", "Suspended", pause_reschedule=True, pause_timeout_in=500)],
    "suspended for too long": lambda: [
        state("RUNNING"),
        state("PAUSED", "Suspended", pause_reschedule=True, pause_timeout_in=-5),
    ],
    "cancelling": lambda: [state("RUNNING"), state("CANCELLING")],
}

PROPOSALS: dict[str, Callable[[], dict[str, Any]]] = {
    "scheduled": lambda: state("SCHEDULED", scheduled_time_in=5),
    "late": lambda: state("SCHEDULED", "Late", scheduled_time_in=-10),
    "awaiting retry": lambda: state("SCHEDULED", "AwaitingRetry", scheduled_time_in=5),
    "resuming": lambda: state("SCHEDULED", "Resuming"),
    "pending": lambda: state("PENDING"),
    "pending, sent twice": lambda: state("PENDING", transition_id=SAME),
    "submitting": lambda: state("PENDING", "Submitting"),
    "running": lambda: state("RUNNING"),
    "running by a name": lambda: state("RUNNING", "Mine"),
    "completed": lambda: state("COMPLETED", data=NO_RESULT),
    "completed with a result": lambda: state("COMPLETED", "Nice", data=RESULT),
    "completed under a long key": lambda: state("COMPLETED", cache_key="k" * 2001),
    "failed": lambda: state("FAILED"),
    "failed for good": lambda: state("FAILED", retriable=False),
    "cancelled": lambda: state("CANCELLED"),
    "crashed": lambda: state("CRASHED"),
    "paused": lambda: state("PAUSED", pause_timeout_in=100, pause_key="k2"),
    "paused as before": lambda: state("PAUSED", pause_key="k1"),
    "suspended": lambda: state("PAUSED", "Suspended", pause_reschedule=True, pause_timeout_in=100),
    "cancelling": lambda: state("CANCELLING"),
}

# What kind of run it is: of a flow or of a task, and what is special about it.
RUNS = ("flow", "flow deployed", "flow retried", "flow inside", "task", "task retried", "task alone", "task deferred")
BY_FORCE = ("flow deployed", "flow inside", "task", "task deferred")


class Case(NamedTuple):
    run: str
    history: str
    proposal: str
    force: bool

    @property
    def name(self) -> str:
        return f"{self.run}: {self.history} -> {self.proposal}{' by force' if self.force else ''}"


SHARE = 6  # one of so many cases is asked, always the same ones: all of them take minutes


def cases() -> Iterator[Case]:
    for run, history, proposal, force in product(RUNS, HISTORIES, PROPOSALS, (False, True)):
        case = Case(run, history, proposal, force)
        if (run in BY_FORCE or not force) and crc32(case.name.encode()) % SHARE == 0:
            yield case


class Server:
    """A server that is asked, with a flow and a deployment to make runs of."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._flow = self._made("/flows/", {"name": "transitions"})
        self._deployment = self._made("/deployments/", {"name": uuid4().hex, "flow_id": self._flow})

    def outcome(self, case: Case) -> list[Any]:
        """Status, answer, type and name of the state afterwards, run count, which times are set; then, for a subflow,
        the state of the task run that stands for it, its run count, and how often its flow had run."""
        kind = case.run.split()[0]
        run, parent = self._run(case.run)
        path = f"/{kind}_runs/{run}/set_state"
        for before in HISTORIES[case.history]():
            self._ask("POST", path, {"state": _as_of(case.run, before), "force": True})
        proposal = {"state": _as_of(case.run, PROPOSALS[case.proposal]()), "force": case.force}
        status, answer = self._ask("POST", path, proposal)
        _, after = self._ask("GET", f"/{kind}_runs/{run}", None)
        told = [status, answer["status"], f"{after['state_type']}/{after['state_name']}", after["run_count"]]
        told.append("".join(key[0] for key in ("start_time", "end_time", "next_scheduled_start_time") if after[key]))
        if parent:
            _, tracking = self._ask("GET", f"/task_runs/{parent}", None)
            told += [f"{tracking['state_type']}/{tracking['state_name']}", tracking["run_count"]]
            told.append(tracking["flow_run_run_count"])
        return told

    def _run(self, what: str) -> tuple[str, str | None]:
        policy = {"retries": 2, "retry_delay": 5} if "retried" in what else {}
        if what.startswith("flow"):
            parent = self._task(self._flow_run(), policy) if "inside" in what else None
            body = {"empirical_policy": policy, "parent_task_run_id": parent}
            if "deployed" in what:
                body["deployment_id"] = self._deployment
            return self._made("/flow_runs/", {"flow_id": self._flow, **body}), parent
        alone = "alone" in what or "deferred" in what
        return self._task(None if alone else self._flow_run(), policy), None

    def _flow_run(self) -> str:
        return self._made("/flow_runs/", {"flow_id": self._flow, "state": state("RUNNING")})

    def _task(self, flow_run: str | None, policy: dict[str, Any]) -> str:
        body = {"flow_run_id": flow_run, "task_key": "t", "dynamic_key": uuid4().hex, "empirical_policy": policy}
        return self._made("/task_runs/", body)

    def _made(self, path: str, body: Any) -> str:
        status, answer = self._ask("POST", path, body)
        assert status in (200, 201), answer
        return str(answer["id"])


def _as_of(run: str, proposed: dict[str, Any]) -> dict[str, Any]:
    if "deferred" not in run:
        return proposed
    return proposed | {"state_details": proposed["state_details"] | {"deferred": True}}
