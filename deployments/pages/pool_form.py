"""`/work-pools/new` and `…/edit`: a pool as a form. The template for jobs is JSON, checked as the API checks it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from deployments.api.pool_bodies import WorkPoolCreate, WorkPoolUpdate
from deployments.errors import DeploymentsError
from deployments.models import WorkPool
from deployments.models.work_pools import CELERY
from deployments.pages.work_pool import find_pool
from deployments.services.work_pools import create_work_pool, update_work_pool
from orchestrator.pages.actions import done, forbidden
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such, page, render_page
from orchestrator.pages.roles import may
from orchestrator.pages.schema_forms.values import Unread, read_json
from orchestrator.store.services.collections import collection_view

KEPT = ("name", "type", "description", "limit", "template")
WORDS = {"concurrency_limit": "limit", "base_job_template": "template"}  # the form's name for a field of the API


@dataclass(slots=True)
class PoolForm:
    """What was typed, as text, and what is wrong with it by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_post(cls, request: HttpRequest) -> PoolForm:
        return cls({name: request.POST.get(name, "").strip() for name in KEPT})

    def body(self) -> dict[str, Any]:
        """As the API takes it. What cannot be read is noted as an error and left out."""
        body: dict[str, Any] = {"description": self.values["description"] or None}
        limit = self.values["limit"]
        if limit and not (limit.isascii() and limit.isdigit()):
            self.errors["limit"] = "A whole number, 0 or more; empty means no limit."
        else:
            body["concurrency_limit"] = int(limit) if limit else None
        if self.values["template"]:
            template = read_json(self.values["template"])
            if isinstance(template, Unread):
                self.errors["template"] = template.error
            else:
                body["base_job_template"] = template
        return body

    def note(self, error: ValidationError) -> None:
        for each in error.errors():
            name = str(each["loc"][0]) if each["loc"] else "template"
            if name == "name":
                message = "A name is needed, without the characters / % & > <."
            else:
                message = each["msg"].removeprefix("Value error, ")
            self.errors.setdefault(WORDS.get(name, name), message)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_work_pool(request: HttpRequest) -> HttpResponseBase:
    if not may(request, "operate"):
        return forbidden(request)
    if request.method != "POST":
        return _show(request, PoolForm(dict.fromkeys(KEPT, "") | {"type": CELERY}))
    form = PoolForm.from_post(request)
    body = form.body() | {"name": form.values["name"], "type": form.values["type"] or CELERY}
    try:
        checked = WorkPoolCreate(**body)
        if not form.errors:
            columns = checked.columns()
            if not form.values["template"]:
                columns["base_job_template"] = default_template(columns["type"])
            pool = create_work_pool(**columns)
            return done(request, f"{pool.name} is made. It needs a worker.", address_of("work-pool", pool.name))
    except ValidationError as error:
        form.note(error)
    except DeploymentsError as error:
        form.errors["name" if "name" in str(error).lower() else "template"] = str(error)
    return _show(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit_work_pool(request: HttpRequest, name: str) -> HttpResponseBase:
    if not may(request, "operate"):
        return forbidden(request)
    pool = find_pool(name)
    if pool is None:
        return no_such(request, "work pool", name)
    if request.method != "POST":
        return _show(request, _form_of(pool), pool)
    form = PoolForm.from_post(request)
    body = form.body()
    try:
        checked = WorkPoolUpdate(**body)
        if not form.errors:
            changes = checked.changes()
            if not form.values["template"]:
                changes["base_job_template"] = default_template(pool.type)
            update_work_pool(name=pool.name, changes=changes)
            return done(request, f"{pool.name} is changed.", address_of("work-pool", pool.name))
    except ValidationError as error:
        form.note(error)
    except DeploymentsError as error:
        form.errors["template"] = str(error)
    return _show(request, form, pool)


def known_types() -> dict[str, dict[str, Any]]:
    """The kinds of workers that are known, each with what is known of it."""
    packages = collection_view("aggregate-worker-metadata").values()
    return {kind: facts for workers in packages for kind, facts in workers.items()}


def default_template(kind: str) -> dict[str, Any]:
    """What workers of this kind understand; nothing for a kind that is not known."""
    template: dict[str, Any] = known_types().get(kind, {}).get("default_base_job_configuration", {})
    return template


def _form_of(pool: WorkPool) -> PoolForm:
    template = json.dumps(pool.base_job_template, ensure_ascii=False, indent=2) if pool.base_job_template else ""
    limit = "" if pool.concurrency_limit is None else str(pool.concurrency_limit)
    return PoolForm(
        {
            "name": pool.name,
            "type": pool.type,
            "description": pool.description or "",
            "limit": limit,
            "template": template,
        }
    )


def _show(request: HttpRequest, form: PoolForm, pool: WorkPool | None = None) -> HttpResponse:
    context = {
        "section": "work-pools",
        "form": form,
        "pool": pool,
        "types": sorted(known_types()) if pool is None else (),
        "back": address_of("work-pool", pool.name) if pool else reverse("deployments:work-pools"),
    }
    response = render_page(request, "pools/form.html", context)
    response.status_code = 422 if form.errors else 200
    return response
