"""Many deployments at once: all of them or none, and beforehand what would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from deployments.errors import AlreadyExists, DeploymentsError, InvalidJobVariables, PlanTooLarge, WorkPoolNotFound
from deployments.models import Deployment, Worker, WorkPool
from deployments.services.deployments import apply_deployment, delete_deployments
from deployments.services.schedules import Columns
from deployments.services.versions import content_of, differences
from orchestrator.contract.times import now
from orchestrator.rest.value_schemas import BadSchema
from runs.errors import ConcurrencyLimitNotFound
from runs.services.flows import get_or_create_flow

PROJECT_LABEL = "orchestrator.project"  # of deployments that come from a project's file
MOST = 500  # deployments at once
# For so long nobody else may be able to write: SQLite has one writer, and others give up waiting after 20 seconds.
MOST_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A deployment as it is to be; see `apply_deployment`."""

    flow_name: str
    name: str
    changes: dict[str, Any]
    labels: dict[str, Any]
    schedules: Sequence[Columns]
    defaults: dict[str, Any]
    version_info: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a deployment cannot be applied; `key` is the column that it is about, None when it is no single one."""

    key: str | None
    message: str


@dataclass(slots=True)
class Step:
    """What becomes of one deployment: `action` is create, update, unchanged, delete, or leave.

    The last is for a deployment that was in the project's file and is there no more. `changes` is name -> from, to.
    """

    flow_name: str
    name: str
    action: str = "unchanged"
    deployment_id: UUID | None = None
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """`applied`: the steps have been taken. They have not when that was not wanted, or when there are problems."""

    steps: list[Step]
    applied: bool

    @property
    def problem_count(self) -> int:
        return sum(len(step.problems) for step in self.steps)


def apply_deployments(
    *,
    wanted: Sequence[Wanted],
    project: str | None = None,
    whole_project: bool = False,
    prune: bool = False,
    dry_run: bool = False,
    author: Mapping[str, Any] | None = None,
) -> Plan:
    """Make all deployments what is wanted, in one transaction; one that cannot be keeps all from being changed.

    A plan is what was done and taken back, so it cannot say anything else than what applying does. Those that are as
    wanted already are not touched. `project` is noted on each, and `whole_project` says that these are all of it:
    what else there is of the project is told, and with `prune` deleted. Raises PlanTooLarge when it takes too long.
    """
    until = monotonic() + MOST_SECONDS
    steps = [Step(one.flow_name, one.name) for one in wanted]
    with transaction.atomic():
        # Always in the same order, so that two of these do not wait for each other.
        for one, step in sorted(zip(wanted, steps, strict=True), key=lambda pair: (pair[0].flow_name, pair[0].name)):
            if monotonic() >= until:
                raise PlanTooLarge(len(wanted), MOST_SECONDS)
            _take(step, one, project, author)
        _refuse_doubles(steps)
        _warn_of_pools(wanted, steps)
        if project is not None and whole_project:
            steps += _forgotten(project, steps, prune=prune)
        applied = not dry_run and not any(step.problems for step in steps)
        if not applied:
            transaction.set_rollback(True)
    if not applied:
        for step in steps:
            step.deployment_id = None if step.action == "create" else step.deployment_id
    return Plan(steps, applied)


def _take(step: Step, wanted: Wanted, project: str | None, author: Mapping[str, Any] | None) -> None:
    try:
        with transaction.atomic():
            _apply(step, wanted, project, author)
            if step.action == "unchanged":
                transaction.set_rollback(True)
    except (DeploymentsError, BadSchema, ConcurrencyLimitNotFound) as error:
        step.problems.append(Problem(_key_of(error), str(error) or "The shared concurrency limit does not exist."))


def _apply(step: Step, wanted: Wanted, project: str | None, author: Mapping[str, Any] | None) -> None:
    flow, _ = get_or_create_flow(name=wanted.flow_name)
    rows = Deployment.objects.select_related("work_queue__work_pool", "global_concurrency_limit")
    known = rows.filter(flow=flow, name=wanted.name).first()
    before = _told(known) if known else {}
    labels = {**wanted.labels, **({PROJECT_LABEL: project} if project is not None else {})}
    deployment, created = apply_deployment(
        flow_id=flow.pk,
        name=wanted.name,
        changes=wanted.changes,
        labels=labels,
        schedules=wanted.schedules,
        defaults=wanted.defaults,
        version_info=wanted.version_info,
        author=author,
    )
    step.deployment_id = deployment.pk
    step.changes = differences(before, _told(deployment))
    if created:
        step.action = "create"
        step.changes = {name: change for name, change in step.changes.items() if change["to"] and name != "labels"}
    elif step.changes:
        step.action = "update"


def _told(deployment: Deployment) -> dict[str, Any]:
    return {**content_of(deployment), "paused": deployment.paused}


def _key_of(error: Exception) -> str | None:
    keys: list[tuple[type[Exception], str]] = [
        (WorkPoolNotFound, "work_pool_name"),
        (InvalidJobVariables, "job_variables"),
        (BadSchema, "parameter_openapi_schema"),
        (AlreadyExists, "schedules"),
        (ConcurrencyLimitNotFound, "global_concurrency_limit_id"),
    ]
    return next((key for kind, key in keys if isinstance(error, kind)), None)


def _refuse_doubles(steps: Iterable[Step]) -> None:
    seen: set[tuple[str, str]] = set()
    for step in steps:
        if (step.flow_name, step.name) in seen:
            step.problems.append(Problem("name", f"{step.flow_name}/{step.name} is there twice."))
        seen.add((step.flow_name, step.name))


def _warn_of_pools(wanted: Sequence[Wanted], steps: Sequence[Step]) -> None:
    """Nothing of this keeps a deployment from being made; its runs would wait."""
    names = {one.changes.get("work_pool_name") for one in wanted} - {None}
    online = Worker.objects.alive(now()).filter(work_pool=OuterRef("pk"))
    pools = {pool.name: pool for pool in WorkPool.objects.filter(name__in=names).annotate(served=Exists(online))}
    for one, step in zip(wanted, steps, strict=True):
        pool = pools.get(one.changes.get("work_pool_name") or "")
        if pool is None:
            continue
        if pool.is_paused:
            step.warnings.append(f"Work pool {pool.name!r} is paused: its runs wait until it is resumed.")
        if not pool.served:
            step.warnings.append(f"No worker of work pool {pool.name!r} is online: its runs wait for one.")


def _forgotten(project: str, steps: Sequence[Step], *, prune: bool) -> list[Step]:
    named = {(step.flow_name, step.name) for step in steps}
    rows = Deployment.objects.select_related("flow").filter(**{f"labels__{PROJECT_LABEL}": project})
    found = [row for row in rows.order_by("flow__name", "name") if (row.flow.name, row.name) not in named]
    if prune:
        delete_deployments(deployment_ids=[row.pk for row in found])
    action = "delete" if prune else "leave"
    return [Step(row.flow.name, row.name, action, row.pk) for row in found]
