"""The causes, in the order in which they hold a run up. A pure function over a frozen situation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from deployments.services.why.attempts import lost_attempts, retried_in_its_process
from deployments.services.why.explanation import Action, Cause, Explanation
from deployments.services.why.origins import (
    deleted_deployment,
    nobody_hands_it_out,
    parent_does_not_run,
    paused_deployment,
    planned_too_late,
    switched_off_schedule,
)
from deployments.services.why.places import (
    busy_workers,
    deleted_queue,
    full_pool,
    full_queue,
    no_consuming_worker,
    no_runner,
    no_worker,
    no_worker_for_the_queue,
    paused_pool,
    paused_queue,
    runs_ahead,
    waits_to_be_polled,
)
from deployments.services.why.services import no_services, overdue_services, server_was_away
from deployments.services.why.situation import Situation
from deployments.services.why.slots import asked_slots, full_limit
from deployments.services.why.timing import not_due_yet, skipped_by_catch_up
from deployments.services.why.under_way import cancelling, paused, pending, running
from deployments.services.why.wording import command
from orchestrator.contract.states import TERMINAL
from orchestrator.pages.words import duration_words

Question = Callable[[Situation], Iterator[Cause]]

# What holds up a scheduled run, in this order.
OF_SCHEDULED: tuple[Question, ...] = (
    not_due_yet,
    skipped_by_catch_up,
    retried_in_its_process,
    parent_does_not_run,
    deleted_deployment,
    nobody_hands_it_out,
    no_runner,
    deleted_queue,
    paused_pool,
    paused_queue,
    no_worker,
    no_worker_for_the_queue,
    no_consuming_worker,
    full_limit,
    full_pool,
    full_queue,
    busy_workers,
    runs_ahead,
    no_services,
    overdue_services,
    server_was_away,
    waits_to_be_polled,
)
# What is worth knowing besides, of runs that have not begun.
NOTES: tuple[Question, ...] = (lost_attempts, planned_too_late, paused_deployment, switched_off_schedule)

OF_STATES: dict[str, tuple[Question, ...]] = {
    "SCHEDULED": OF_SCHEDULED,
    "PENDING": (pending, parent_does_not_run, lost_attempts, no_services, overdue_services),
    "RUNNING": (asked_slots, running, lost_attempts, no_services, overdue_services),
    "PAUSED": (paused, parent_does_not_run, no_services, overdue_services),
    "CANCELLING": (cancelling, no_services, overdue_services),
}


def explain(situation: Situation) -> Explanation:
    """Why the run is where it is. There is always at least one cause."""
    run = situation.run
    if run.state_type is None:
        causes = [Cause("no_state", "It has no state yet: whoever made it has not said when it is to run.")]
    elif run.state_type in TERMINAL:
        causes = [_ended(situation)]
    else:
        causes = _asked(OF_STATES[run.state_type], situation)
        if run.state_type == "SCHEDULED":
            causes = _of_scheduled(situation, causes)
    return Explanation(_summary(situation, causes), situation.overdue_seconds, tuple(causes))


def _asked(questions: Sequence[Question], situation: Situation) -> list[Cause]:
    return [cause for question in questions for cause in question(situation)]


def _of_scheduled(situation: Situation, causes: list[Cause]) -> list[Cause]:
    if not situation.is_due:
        # Until it is due only the time holds it up; the rest may have gone by then.
        causes = [causes[0], *(replace(cause, certain=False) for cause in causes[1:])]
    elif not any(cause.certain for cause in causes):
        causes.append(_nothing_found(situation))
    return causes + _asked(NOTES, situation)


def _nothing_found(situation: Situation) -> Cause:
    run, overdue = situation.run, situation.overdue_seconds
    if overdue <= situation.patience.late_after:
        summary = f"It is due since {duration_words(overdue)}, and somebody may take it at any moment."
        return Cause("due_just_now", summary, since=run.due, certain=False)
    return Cause(
        "unexplained",
        f"It is due since {duration_words(overdue)}, and nothing that the server knows of holds it up.",
        since=run.due,
        action=Action("Check the set-up, and look at the worker's log.", command("doctor")),
        certain=False,
    )


def _ended(situation: Situation) -> Cause:
    run = situation.run
    said = f": {run.message}" if run.message else "."
    again = None
    if run.state_type != "COMPLETED" and run.deployment_id is not None:
        again = Action("Run it again.", command("flow-run", "retry", run.id), f"/runs/flow-run/{run.id}")
    return Cause("ended", f"It is {run.state_name}{said}", since=run.since, action=again)


def _summary(situation: Situation, causes: Sequence[Cause]) -> str:
    first = causes[0].summary
    overdue = situation.overdue_seconds
    if overdue > situation.patience.late_after and causes[0].code not in {"unexplained"}:
        return f"{duration_words(overdue)} late. {first}"
    return first
