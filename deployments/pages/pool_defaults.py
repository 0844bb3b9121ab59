"""`/work-pools/work-pool/<name>/defaults`: what runs of a pool use where nobody says anything else, as a form.

The fields are the variables of the pool's template; what is filled in becomes their defaults there.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from deployments.errors import DeploymentsError
from deployments.models import WorkPool
from deployments.pages.work_pool import find_pool
from deployments.services.job_variables import check_defaults
from deployments.services.work_pools import update_work_pool
from orchestrator.pages.actions import done, forbidden
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.roles import may
from orchestrator.pages.schema_forms import Answer, build_form, read_form
from orchestrator.store.services.own_workers import template_of_pool

Json = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def pool_defaults(request: HttpRequest, name: str) -> HttpResponseBase:
    if not may(request, "operate"):
        return forbidden(request)
    pool = find_pool(name)
    if pool is None:
        return no_such(request, "work pool", name)
    template = template_of_pool(pool.type, pool.base_job_template)
    schema, values = _without_defaults(_variables(template)), _defaults(_variables(template))
    if request.method != "POST":
        return _show(request, pool, schema, values)
    answer = read_form(schema, request.POST, kept=values)
    if answer.wants != "submit" or answer.errors:
        return _show(request, pool, schema, values, answer=answer)
    changed = _with_defaults(template, answer.values)
    try:
        check_defaults(changed)
        update_work_pool(name=pool.name, changes={"base_job_template": changed})
    except DeploymentsError as error:
        return _show(request, pool, schema, values, answer=answer, refused=str(error))
    return done(request, f"{pool.name} has new defaults.", address_of("work-pool", pool.name))


def _variables(template: Json) -> Json:
    variables = template.get("variables")
    return variables if isinstance(variables, dict) else {}


def _defaults(variables: Json) -> Json:
    properties = variables.get("properties") or {}
    return {name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one}


def _without_defaults(variables: Json) -> Json:
    """The same, so that what is filled in is a value, and nothing has to be: a default may be missing."""
    properties = {
        name: {key: value for key, value in one.items() if key != "default"} if isinstance(one, dict) else one
        for name, one in (variables.get("properties") or {}).items()
    }
    return {**variables, "properties": properties, "required": [], "additionalProperties": False}


def _with_defaults(template: Json, values: Json) -> Json:
    """The template with these defaults, and no others."""
    properties = {
        name: {**one, "default": values[name]} if name in values else one
        for name, one in _without_defaults(_variables(template))["properties"].items()
    }
    return {**template, "variables": {**_variables(template), "properties": properties}}


def _show(
    request: HttpRequest,
    pool: WorkPool,
    schema: Json,
    values: Json,
    *,
    answer: Answer | None = None,
    refused: str = "",
) -> HttpResponseBase:
    context = {
        "section": "work-pools",
        "pool": pool,
        "form": build_form(schema, values, answer=answer),
        "refused": refused,
    }
    response = render_page(request, "pools/defaults.html", context)
    response.status_code = 422 if refused or (answer is not None and answer.errors) else 200
    return response
