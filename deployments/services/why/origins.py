"""Where the run comes from: its parent, its deployment, its schedule."""

from __future__ import annotations

from collections.abc import Iterator

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.situation import Situation
from deployments.services.why.wording import ago, clock, command
from orchestrator.contract.states import TERMINAL
from orchestrator.pages.words import duration_words

PLANNED_IN_TIME_SECONDS = 1.0


def parent_does_not_run(situation: Situation) -> Iterator[Cause]:
    """A subflow without a deployment runs in the process of its parent; any other goes its own way."""
    run, parent = situation.run, situation.parent
    if parent is None or parent.state_type == "RUNNING" or run.deployment_id is not None:
        return
    state = parent.state_name or parent.state_type or "without a state"
    since = f" since {clock(parent.since, situation.at)}" if parent.since else ""
    what = Subject("flow-run", parent.name, parent.id)
    page = f"/runs/flow-run/{parent.id}"
    action = Action("Look at the parent run.", command("flow-run", "why", parent.id), page)
    if parent.state_type in TERMINAL:
        summary = f"Its parent run {parent.name} ended as {state}{since}, and nobody else executes it."
        action = Action("Cancel it.", command("flow-run", "cancel", run.id), page)
    else:
        summary = f"It runs inside {parent.name}, which is {state}{since}."
    yield Cause("parent_not_running", summary, since=parent.since, subject=what, action=action)


def deleted_deployment(situation: Situation) -> Iterator[Cause]:
    run = situation.run
    if run.deployment_id is None or situation.deployment is not None:
        return
    yield Cause(
        "deployment_deleted",
        "Its deployment was deleted after the run was made, so nobody knows its code any more.",
        subject=Subject("deployment", str(run.deployment_id), run.deployment_id),
        action=Action("Cancel it.", command("flow-run", "cancel", run.id)),
    )


def nobody_hands_it_out(situation: Situation) -> Iterator[Cause]:
    """Only what has a deployment, or a queue, is handed to workers."""
    run = situation.run
    if run.deployment_id is not None or situation.queue is not None or situation.parent is not None:
        return
    if run.retry_type == "in_process":
        return
    yield Cause(
        "no_deployment",
        "It has no deployment: only the program that made it can begin it, and that has not happened.",
        since=run.since,
        action=Action("Start the program again, or make a deployment of the flow.", command("deploy", "--help")),
    )


def paused_deployment(situation: Situation) -> Iterator[Cause]:
    deployment = situation.deployment
    if deployment is None or not deployment.paused:
        return
    yield Cause(
        "deployment_paused",
        f"Deployment {deployment.name} is paused: its schedules plan no more runs. Runs that exist are not held up.",
        subject=Subject("deployment", deployment.name, deployment.id),
        action=Action("Resume the deployment.", command("deployment", "resume", deployment.name)),
        certain=False,
    )


def switched_off_schedule(situation: Situation) -> Iterator[Cause]:
    run, schedule = situation.run, situation.schedule
    if run.scheduled_by is None or (schedule is not None and schedule.active):
        return
    if schedule is None:
        summary = "The schedule that planned it no longer exists, so no run follows it."
        what = Subject("schedule", str(run.scheduled_by), run.scheduled_by)
        yield Cause("schedule_deleted", summary, subject=what, certain=False)
        return
    name = situation.deployment.name if situation.deployment else ""
    resume = command("deployment", "schedule", "resume", name, schedule.id)
    yield Cause(
        "schedule_inactive",
        f"The schedule {schedule.name} that planned it is switched off, so no run follows it.",
        subject=Subject("schedule", schedule.name, schedule.id),
        action=Action("Switch the schedule on.", resume),
        certain=False,
    )


def planned_too_late(situation: Situation) -> Iterator[Cause]:
    """The scheduler was late itself: the run came into being after it should have begun."""
    run = situation.run
    if not run.auto_scheduled or run.created is None or run.expected is None:
        return
    lag = (run.created - run.expected).total_seconds()
    if lag <= PLANNED_IN_TIME_SECONDS:
        return
    yield Cause(
        "planned_too_late",
        f"The scheduler planned it {duration_words(lag)} after its time, at {ago(run.created, situation.at)}.",
        since=run.created,
        subject=Subject("service", "scheduler"),
        action=Action("Look at what the scheduler does.", command("server", "services", "ls"), "/services"),
        certain=False,
    )
