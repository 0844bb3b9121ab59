"""What must hold of the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.cli.doctor.findings import Finding, ok, problem, skipped, warning
from orchestrator.cli.doctor.probes.api import Api
from orchestrator.contract.versions import PREFECT_VERSION

SLOW_SECONDS = 1.0
MANY = 3  # services that are overdue: told together from here on


def api_answers(api: Api) -> Finding:
    if api.refused:
        return problem(
            "API",
            f"{api.address} answers, and does not accept the credentials",
            "Give a key: orchestrator config set API_KEY=…; one is made with: orchestrator api-key create NAME",
        )
    if api.trouble is not None:
        return problem(
            "API",
            f"the server is not there: {api.trouble}",
            "Start it with `orchestrator server start`, or say where it is: orchestrator config set API_URL=…",
        )
    assert api.took_seconds is not None
    if api.took_seconds > SLOW_SECONDS:
        slow = f"{api.address} took {api.took_seconds:.1f} s to answer"
        return warning("API", slow, "Look at what keeps the server or the network busy.")
    return ok("API", f"{api.address} answers in {api.took_seconds * 1000:.0f} ms")


def api_version(api: Api) -> Finding:
    if api.contract_version is None:
        return skipped("API version", "the server was not asked")
    if api.contract_version.split(".")[0] != PREFECT_VERSION.split(".")[0]:
        return problem(
            "API version",
            f"the server speaks as Prefect {api.contract_version}, this client as {PREFECT_VERSION}",
            "Install the version of the server here.",
        )
    return ok("API version", f"the server speaks as Prefect {api.contract_version}")


def services_run(api: Api) -> Iterator[Finding]:
    if api.services is None:
        yield skipped("services", "the server does not tell of services")
        return
    bad = {one["name"]: one for one in api.services if one["condition"] in {"overdue", "failing", "off"}}
    running = [one for one in api.services if one["condition"] == "ok"]
    if not running:
        yield problem(
            "services",
            "no service runs: schedules plan nothing, lost runs are not begun again, nothing is cleared away",
            "Start the server without --no-services; one of them needs beat and the services worker.",
        )
        return
    overdue = [name for name, one in bad.items() if one["condition"] == "overdue"]
    if len(overdue) >= MANY:
        yield _of_services(overdue, bad)
        bad = {name: one for name, one in bad.items() if name not in overdue}
    for name, one in bad.items():
        yield _of_service(name, one)
    if not bad and not overdue:
        yield ok("services", f"{len(api.services)} services, all in time")


def _of_services(names: list[str], of: dict[str, dict[str, Any]]) -> Finding:
    """Many at once have one reason, so they are told in one line."""
    last = max(of[name]["last_started_at"] or "" for name in names) or "no time at all"
    found = f"{len(names)} services are overdue ({', '.join(names)}); the last of them ran at {last}"
    remedy = "If the server has just begun, ask again in a minute. Otherwise look at the log of the services worker."
    return problem("services", found, remedy)


def _of_service(name: str, one: dict[str, Any]) -> Finding:
    if one["condition"] == "off":
        return warning(
            "services", f"{name} is switched off", "Switch it on in the admin, or leave it if that is meant."
        )
    if one["condition"] == "failing":
        found = f"{name} fails ({one['failures_in_a_row']} times in a row): {one['last_error']}"
        return problem("services", found, f"Look at it by hand: orchestrator server services run {name} --once")
    found = f"{name} is overdue; it last ran at {one['last_started_at'] or 'no time at all'}"
    return problem("services", found, "Look at the log of the services worker: it may be busy, or gone.")


def workers_work(api: Api) -> Iterator[Finding]:
    if api.pools is None:
        yield skipped("workers", "the server was not asked")
        return
    for pool in api.pools:
        yield from _of_pool(pool)


def _of_pool(pool: dict[str, Any]) -> Iterator[Finding]:
    name, waiting = pool["name"], _late_runs(pool["waiting"])
    online = [worker for worker in pool["workers"] if worker["status"] == "ONLINE"]
    if waiting and pool["is_paused"]:
        found = f"work pool {name} is paused, and {waiting} in it"
        yield warning("workers", found, f"orchestrator work-pool resume {name}")
    elif waiting and not online and pool["type"] != "prefect-agent":
        found = f"{waiting} in work pool {name}, which has no worker online"
        yield problem("workers", found, f"Start one (type {pool['type']}), and see: orchestrator flow-run why ID")
    elif pool["type"] == "celery":
        yield _of_celery_pool(name, online, waiting)


def _of_celery_pool(name: str, online: list[dict[str, Any]], waiting: str) -> Finding:
    lost = [worker["name"] for worker in online if worker.get("broker_state") == "LOST"]
    if lost:
        found = f"in work pool {name}, these get no messages from their broker: {', '.join(lost)}"
        return problem("workers", found, "Check that they reach the broker (ORCHESTRATOR_BROKER_URL).")
    if not online:
        return warning("workers", f"work pool {name} has no worker online", f"orchestrator worker start --pool {name}")
    found = f"{len(online)} online in work pool {name}"
    if waiting:
        advice = "Ask one of the runs: orchestrator flow-run why ID"
        return warning("workers", f"{found}, and {waiting}", advice)
    return ok("workers", found)


def _late_runs(number: int) -> str:
    """`2 late runs wait`; nothing for none."""
    if not number:
        return ""
    return "1 late run waits" if number == 1 else f"{number} late runs wait"
