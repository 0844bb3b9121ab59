"""What people do to a pool: pause, drain, limit and delete it. Through the services that the API calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from deployments.errors import DeploymentsError, WorkerNotFound
from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.pages.pool_rows import PoolRow, going_on_words, rows_of, runs_words
from deployments.pages.work_pool import find_pool
from deployments.pages.worker import find_worker
from deployments.services.work_pools import delete_work_pool, update_work_pool
from deployments.services.workers import delete_worker
from orchestrator.pages.actions import action, confirm, done, refused
from orchestrator.pages.addresses import address_of
from orchestrator.pages.page import no_such

MOST_LIMIT = 2**31 - 1  # what the column holds on every database

PoolView = Callable[..., HttpResponseBase]


class NoLimit(ValueError):
    """What was typed is no limit."""


def of_pool(view: PoolView) -> PoolView:
    """An action on the pool that the address names. What the services refuse is told on the pool's page."""

    @wraps(view)
    def answer(request: HttpRequest, name: str, **more: Any) -> HttpResponseBase:
        pool = find_pool(name)
        if pool is None:
            return no_such(request, "work pool", name)
        try:
            return view(request, pool, **more)
        except (DeploymentsError, NoLimit) as error:
            return refused(request, f"Nothing was changed: {error}", address_of("work-pool", pool.name))

    return action(answer)


@of_pool
def pause(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    update_work_pool(name=pool.name, changes={"is_paused": True})
    return done(request, f"{pool.name} is paused: it hands out no runs.", address_of("work-pool", pool.name))


@of_pool
def resume(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    update_work_pool(name=pool.name, changes={"is_paused": False})
    return done(request, f"{pool.name} hands out runs again.", address_of("work-pool", pool.name))


@of_pool
def drain(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    """A paused pool gives out nothing, also to workers that were called already; what runs goes on to its end."""
    row = _row(pool)
    question = confirm(
        request,
        title=f"Drain {pool.name}",
        sentence="No run begins until the pool is resumed, and those under way go on. The pool's page shows how many "
        "are left, and when it is empty: then its workers can be stopped without losing work.",
        button="Drain",
        back=address_of("work-pool", pool.name),
        rows=[
            ("Under way", runs_words(row.load.running)),
            ("Waiting", runs_words(row.load.waiting)),
            ("Workers online", len(row.online)),
        ],
    )
    if question is not None:
        return question
    update_work_pool(name=pool.name, changes={"is_paused": True})
    left = going_on_words(row.load.running) if row.load.running else "nothing is under way"
    return done(request, f"{pool.name} is draining: {left}.", address_of("work-pool", pool.name))


@of_pool
def set_limit(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    limit = read_limit(request)
    update_work_pool(name=pool.name, changes={"concurrency_limit": limit})
    return done(request, f"{pool.name} {limit_words(limit)}.", address_of("work-pool", pool.name))


@of_pool
def delete(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    row = _row(pool)
    question = confirm(
        request,
        title=f"Delete {pool.name}",
        sentence="The pool goes with its queues and workers. Its deployments and runs stay, but nobody executes them "
        "until they are given another pool.",
        button="Delete the pool",
        back=address_of("work-pool", pool.name),
        rows=[
            ("Queues", ", ".join(queue.name for queue in row.queues[:20]) or "none"),
            ("Workers", Worker.objects.filter(work_pool=pool).count()),
            ("Deployments that use it", Deployment.objects.filter(work_queue__work_pool=pool).count()),
            ("Under way", runs_words(row.load.running)),
            ("Waiting", runs_words(row.load.waiting)),
        ],
    )
    if question is not None:
        return question
    delete_work_pool(name=pool.name)
    return done(request, f"{pool.name} is deleted.", reverse("deployments:work-pools"))


@of_pool
def forget_worker(request: HttpRequest, pool: WorkPool, worker_name: str) -> HttpResponseBase:
    """One that is gone. One that still lives is back with its next heartbeat."""
    worker = find_worker(pool, worker_name)
    if worker is None:
        raise WorkerNotFound
    if worker.offline_since(timezone.now()) is None:
        words = f"{worker.name} is online; stop it first, else it comes back with its next sign of life."
        return refused(request, words, address_of("work-pool", pool.name))
    delete_worker(pool_name=pool.name, worker_name=worker.name)
    return done(request, f"{worker.name} is forgotten.", address_of("work-pool", pool.name))


def read_limit(request: HttpRequest) -> int | None:
    """The field `limit`; None where it is empty. Raises NoLimit."""
    text = request.POST.get("limit", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > MOST_LIMIT:
        raise NoLimit(f"{text[:40]!r} is no number of runs. A limit is a whole number, 0 or more; empty means none.")
    return int(text)


def limit_words(limit: int | None) -> str:
    return "has no limit" if limit is None else f"executes at most {runs_words(limit)} at once"


def _row(pool: WorkPool) -> PoolRow:
    return rows_of([pool], timezone.now())[0]


def queues_of(pool: WorkPool) -> list[WorkQueue]:
    """Most urgent first."""
    return list(WorkQueue.objects.filter(work_pool=pool).order_by("priority"))
