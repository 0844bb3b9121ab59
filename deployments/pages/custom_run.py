"""`/deployments/deployment/<id>/run`: a run with parameters and circumstances of one's own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from deployments.errors import DeploymentsError
from deployments.models import Deployment
from deployments.pages.pauses import maker_on_pages
from deployments.pages.prefill import WORDS, Prefill, prefill_of
from deployments.pages.run_options import Options, option_form, options_of, read_options
from deployments.services.deployment_runs import RunRequest, create_deployment_run
from deployments.services.job_variables import check_variables_of_run, defaults_of_pool
from deployments.services.parameters import check_parameters
from orchestrator.pages.actions import done, forbidden
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page
from orchestrator.pages.roles import may
from orchestrator.pages.schema_forms import (
    Answer,
    Form,
    build_form,
    changes,
    errors_of_unread,
    read_form,
    values_in_link,
)
from orchestrator.rest.value_schemas import BadSchema
from orchestrator.store.errors import StoreError
from orchestrator.store.services.block_choices import block_choices
from orchestrator.store.services.hydration import hydrate, hydrate_for_checking
from orchestrator.store.services.own_workers import template_of_pool
from runs.api.bodies import small_enough
from runs.errors import RunsError

MOST_ONCE = 64  # characters of what tells forms apart
JOB = "j"  # before the names of job variables


@dataclass(frozen=True, slots=True)
class Asked:
    """What was posted, in its three parts."""

    parameters: Answer
    options: Answer
    job: Answer | None  # None: the pool has no variables

    @property
    def parts(self) -> list[Answer]:
        return [one for one in (self.parameters, self.options, self.job) if one is not None]

    @property
    def is_good(self) -> bool:
        return all(one.is_good for one in self.parts)

    @property
    def is_only_changed(self) -> bool:
        return any(one.wants != "submit" for one in self.parts)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def custom_run(request: HttpRequest, deployment_id: UUID) -> HttpResponseBase:
    rows = Deployment.objects.select_related("flow", "work_queue__work_pool")
    deployment = rows.filter(pk=deployment_id).first()
    if deployment is None:
        return no_such(request, "deployment", deployment_id)
    if not may(request, "operate"):
        return forbidden(request)
    prefill = prefill_of(deployment, request.POST.get("from", request.GET.get("from", "")))
    if request.method != "POST":
        given = {**prefill.parameters, **values_in_link(_schema(deployment), request.GET)}
        return _page(request, deployment, prefill, given=given)
    asked = _read(request, deployment, prefill)
    if "preview" in request.POST:
        return render(request, "forms/diff.html", {"changes": _changes(deployment, asked.parameters.values)})
    if not asked.is_good:
        return _page(request, deployment, prefill, asked=asked, status=200 if asked.is_only_changed else 422)
    return _start(request, deployment, prefill, asked)


def _start(request: HttpRequest, deployment: Deployment, prefill: Prefill, asked: Asked) -> HttpResponseBase:
    options = options_of(asked.options)
    job = asked.job.values if asked.job is not None else {}
    try:
        if "check" in request.POST:
            _check(deployment, asked.parameters.values, job)
            told = "Everything fits. Nothing was started."
            return _page(request, deployment, prefill, asked=asked, told=told)
        run, is_new = create_deployment_run(
            deployment_id=deployment.pk,
            request=_wanted(options, asked.parameters.values, job, _once(request, asked)),
            created_by=maker_on_pages(request),
        )
    except (DeploymentsError, RunsError, StoreError, BadSchema, ValueError) as error:
        return _page(request, deployment, prefill, asked=asked, refused=str(error), status=422)
    told = f"The run {run.name} was created." if is_new else f"The run {run.name} was created from this form before."
    return done(request, told, address_of("flow-run", run.pk))


def _once(request: HttpRequest, asked: Asked) -> str | None:
    """The same for the same form, sent twice as it is: somebody pressed the button twice, and wants one run."""
    form = request.POST.get("once", "")[:MOST_ONCE]
    said = json.dumps([one.values for one in asked.parts], sort_keys=True)
    return f"form-{form}-{hashlib.sha256(said.encode()).hexdigest()[:16]}" if form else None


def _wanted(options: Options, parameters: dict[str, Any], job: dict[str, Any], once: str | None) -> RunRequest:
    return RunRequest(
        state=options.state,
        name=options.name,
        parameters=small_enough(parameters),
        tags=options.tags,
        job_variables=job,
        empirical_policy=options.policy,
        work_queue_name=options.queue,
        idempotency_key=once,
    )


def _check(deployment: Deployment, parameters: dict[str, Any], job: dict[str, Any]) -> None:
    """What creating the run would refuse. Raises as it does."""
    whole = hydrate({**deployment.parameters, **small_enough(parameters)}, doing="flow run parameters")
    if deployment.enforce_parameter_schema:
        check_parameters(deployment, whole)
    if deployment.work_queue is not None:
        check_variables_of_run(deployment.work_queue.work_pool, deployment.job_variables, job)


def _read(request: HttpRequest, deployment: Deployment, prefill: Prefill) -> Asked:
    parameters = read_form(
        _schema(deployment),
        request.POST,
        defaults=deployment.parameters,
        kept={**deployment.parameters, **prefill.parameters},
        filled=hydrate_for_checking,
    )
    if not deployment.enforce_parameter_schema and parameters.json_text is None:
        parameters.errors = errors_of_unread(parameters.values)  # the API takes what does not fit as well
    job = _job_schema(deployment)
    asked = Asked(
        parameters=parameters,
        options=read_options(deployment, request.POST),
        job=read_form(job, request.POST, JOB, defaults=_job_defaults(deployment)) if job else None,
    )
    if asked.is_only_changed:  # nobody has said yet that the rest is as it should be
        for one in asked.parts:
            one.errors = {}
    return asked


def _page(
    request: HttpRequest,
    deployment: Deployment,
    prefill: Prefill,
    *,
    given: dict[str, Any] | None = None,
    asked: Asked | None = None,
    told: str = "",
    refused: str = "",
    status: int = 200,
) -> HttpResponseBase:
    values = asked.parameters.values if asked else given or {}
    tags = prefill.further_tags(deployment)
    context = {
        "section": "deployments",
        "deployment": deployment,
        "pool": deployment.work_queue.work_pool if deployment.work_queue else None,
        "prefill": prefill,
        "sources": [(key, word, key == prefill.key) for key, word in WORDS.items()],
        "form": build_form(
            _schema(deployment),
            values,
            defaults=deployment.parameters,
            blocks=block_choices(),
            answer=asked.parameters if asked else None,
        ),
        "options": option_form(deployment, asked.options if asked else None, {"tags": tags} if tags else None),
        "job": _job_form(deployment, asked.job if asked else None, prefill.job_variables),
        "changes": _changes(deployment, values),
        "once": request.POST.get("once", "")[:MOST_ONCE] or uuid4().hex,
        "told": told,
        "refused": refused,
    }
    return render(request, "forms/custom_run.html", context, status=status)


def _job_form(deployment: Deployment, answer: Answer | None, values: dict[str, Any]) -> Form | None:
    schema = _job_schema(deployment)
    return build_form(schema, values, prefix=JOB, defaults=_job_defaults(deployment), answer=answer) if schema else None


def _changes(deployment: Deployment, values: dict[str, Any]) -> list[Any]:
    return changes(_schema(deployment), values, deployment.parameters)


def _schema(deployment: Deployment) -> dict[str, Any]:
    schema = deployment.parameter_openapi_schema
    return schema if isinstance(schema, dict) else {"type": "object", "properties": {}}


def _job_schema(deployment: Deployment) -> dict[str, Any] | None:
    """The pool's, without its demands: what is missing may come from the deployment."""
    if deployment.work_queue is None:
        return None
    pool = deployment.work_queue.work_pool
    schema = template_of_pool(pool.type, pool.base_job_template).get("variables")
    if not isinstance(schema, dict) or not schema.get("properties"):
        return None
    return {key: value for key, value in schema.items() if key != "required"}


def _job_defaults(deployment: Deployment) -> dict[str, Any]:
    assert deployment.work_queue is not None
    return {**defaults_of_pool(deployment.work_queue.work_pool), **(deployment.job_variables or {})}
