"""What the server has to do for the run by itself, and does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import Situation
from deployments.services.why.wording import ago, clock, command
from orchestrator.pages.words import duration_words

RECENTLY_BACK = timedelta(minutes=2)


def needed_services(situation: Situation) -> tuple[str, ...]:
    """Without which the run does not leave its state."""
    ours = situation.pool is not None and situation.pool.is_ours
    match situation.run.state_type:
        case "SCHEDULED":
            return ("dispatcher", "sweeper") if ours else ()
        case "PENDING":
            return ("lost_runs",) if situation.claim is not None else ("lazarus",)
        case "RUNNING":
            return ("lost_runs",) if situation.claim is not None else ("zombie_killer",)
        case "PAUSED":
            return ("pause_expirations",)
        case "CANCELLING":
            return ("cancellation_cleanup",)
    return ()


def no_services(situation: Situation) -> Iterator[Cause]:
    """None of those that ever ran has run of late: beat or the services worker is down."""
    server = situation.server
    if server.services_run or not server.services or not needed_services(situation):
        return
    runs = [service.last_finished_at for service in server.services.values() if service.last_finished_at]
    last = max(runs, default=None)
    when = f"the last one ran at {ago(last, situation.at)}" if last else "none has ever run"
    yield Cause(
        "no_services_running",
        f"The server's services do not run: {when}.",
        since=last,
        subject=Subject("service", "all"),
        action=Action("Start the server with its services.", command("server", "start"), "/services"),
        certain=situation.overdue_seconds > situation.patience.late_after,
    )


def overdue_services(situation: Situation) -> Iterator[Cause]:
    server = situation.server
    if not server.services_run:
        return
    for name in needed_services(situation):
        service = server.services.get(name)
        if service is None or (service.runs and not service.last_error):
            continue
        if not service.enabled:
            summary = f"The service {name} is switched off."
        elif service.overdue_seconds:
            last = service.last_finished_at
            ran = f"it ran at {ago(last, situation.at)}" if last else "it has never run"
            summary = f"The service {name} is {duration_words(service.overdue_seconds)} overdue: {ran}."
        else:
            summary = f"The service {name} fails: {service.last_error}"
        yield Cause(
            "service_overdue",
            summary,
            since=service.last_finished_at,
            subject=Subject("service", name),
            action=Action("Run the service by hand.", command("server", "services", "run", name), "/services"),
            certain=False,
        )


def server_was_away(situation: Situation) -> Iterator[Cause]:
    """Nobody could claim a run while the API was away, and workers come back one after the other."""
    due, up_since, at = situation.run.due, situation.server.up_since, situation.at
    if due is None or up_since is None or not situation.is_due:
        return
    if due >= up_since or at - up_since > RECENTLY_BACK:
        return
    yield Cause(
        "server_was_away",
        f"The server could not be reached until {clock(up_since, at)}, after the run was due; what piled up is "
        "worked off now.",
        since=up_since,
        subject=Subject("server", "server"),
        certain=False,
    )
