"""Why no runs of a deployment come: it plans none, or what it plans would not begin. Pure, as for runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deployments.services.why.explanation import Action, Cause, Subject
from deployments.services.why.places import (
    busy_workers,
    full_pool,
    full_queue,
    no_consuming_worker,
    no_runner,
    no_worker,
    no_worker_for_the_queue,
    paused_pool,
    paused_queue,
)
from deployments.services.why.situation import DeploymentFact, Situation
from deployments.services.why.slots import full_limit
from deployments.services.why.wording import ago, command
from orchestrator.pages.words import duration_words

# What would hold up a run of it that were due now.
OF_A_RUN = (
    no_runner,
    paused_pool,
    paused_queue,
    no_worker,
    no_worker_for_the_queue,
    no_consuming_worker,
    full_limit,
    full_pool,
    full_queue,
    busy_workers,
)


@dataclass(frozen=True, slots=True)
class PlanFact:
    """A schedule. `is_over`: it has no time left. `problem`: why its times cannot be worked out."""

    id: UUID
    name: str
    active: bool = True
    is_over: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentSituation:
    """`of_a_run` is the situation of a run of the deployment that were due now."""

    at: datetime
    deployment: DeploymentFact
    of_a_run: Situation
    schedules: tuple[PlanFact, ...] = ()
    next_run: datetime | None = None  # the first that is planned and not yet due


def explain_deployment(situation: DeploymentSituation) -> tuple[str, tuple[Cause, ...]]:
    """A summary, and the causes: first why none is planned, then what would hold up those that are."""
    causes = [*_planning(situation), *_next(situation)]
    causes += [cause for question in OF_A_RUN for cause in question(situation.of_a_run)]
    return causes[0].summary, tuple(causes)


def _planning(situation: DeploymentSituation) -> Iterator[Cause]:
    deployment, schedules = situation.deployment, situation.schedules
    subject = Subject("deployment", deployment.name, deployment.id)
    if deployment.paused:
        resume = Action("Resume the deployment.", command("deployment", "resume", deployment.name))
        yield Cause("deployment_paused", f"Deployment {deployment.name} is paused.", subject=subject, action=resume)
    if not schedules:
        yield Cause(
            "no_schedule",
            f"Deployment {deployment.name} has no schedule: it runs when somebody asks for it.",
            subject=subject,
            action=Action("Give it a schedule, or run it.", command("deployment", "run", deployment.name)),
        )
        return
    yield from _of_schedules(situation)
    scheduler = situation.of_a_run.server.services.get("scheduler")
    if scheduler is not None and not scheduler.runs:
        last = scheduler.last_finished_at
        ran = f"; it ran at {ago(last, situation.at)}" if last else ""
        state = f"is {duration_words(scheduler.overdue_seconds)} overdue" if scheduler.enabled else "is switched off"
        yield Cause(
            "service_overdue",
            f"The service scheduler, which plans runs, {state}{ran}.",
            since=last,
            subject=Subject("service", "scheduler"),
            action=Action("Run it by hand.", command("server", "services", "run", "scheduler"), "/services"),
        )


def _of_schedules(situation: DeploymentSituation) -> Iterator[Cause]:
    """Of several, one that works is enough."""
    name = situation.deployment.name
    none_works = not any(one.active and not one.is_over and not one.problem for one in situation.schedules)
    for one in situation.schedules:
        subject = Subject("schedule", one.name, one.id)
        if not one.active:
            resume = Action("Switch it on.", command("deployment", "schedule", "resume", name, one.id))
            summary = f"The schedule {one.name} is switched off."
            yield Cause("schedule_inactive", summary, subject=subject, action=resume, certain=none_works)
        elif one.problem:
            look = Action("Correct the schedule.", command("deployment", "schedule", "ls", name))
            summary = f"The times of the schedule {one.name} cannot be worked out: {one.problem}"
            yield Cause("schedule_broken", summary, subject=subject, action=look, certain=none_works)
        elif one.is_over:
            look = Action("Give it another schedule.", command("deployment", "schedule", "ls", name))
            summary = f"The schedule {one.name} has no time left: its last one is past."
            yield Cause("schedule_over", summary, subject=subject, action=look, certain=none_works)


def _next(situation: DeploymentSituation) -> Iterator[Cause]:
    if situation.next_run is not None:
        summary = f"The next run is planned for {ago(situation.next_run, situation.at)}."
        yield Cause("next_run_planned", summary, since=None, certain=False)
    elif situation.deployment.paused:
        return
    elif any(one.active and not one.is_over and not one.problem for one in situation.schedules):
        summary = "No run is planned yet: the scheduler plans it within the next minute."
        yield Cause("not_planned_yet", summary, certain=False)
