"""What people do to the queues of a pool: make, pause, limit, move and delete them."""

from __future__ import annotations

from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from pydantic import ValidationError

from deployments.api.pool_bodies import WorkQueueCreate
from deployments.models import Deployment, WorkPool, WorkQueue
from deployments.pages.pool_actions import PoolView, limit_words, of_pool, queues_of, read_limit
from deployments.pages.pool_rows import runs_words
from deployments.services.loads import NOTHING, loads_of_queues
from deployments.services.work_queues import create_work_queue, delete_work_queue, get_work_queue, update_work_queue
from orchestrator.pages.actions import confirm, done, refused
from orchestrator.pages.addresses import address_of


def of_queue(view: PoolView) -> PoolView:
    """An action on the queue that the address names."""

    @wraps(view)
    def answer(request: HttpRequest, pool: WorkPool, queue_name: str) -> HttpResponseBase:
        return view(request, get_work_queue(pool, queue_name))

    return of_pool(answer)


@of_pool
def create(request: HttpRequest, pool: WorkPool) -> HttpResponseBase:
    name, description = request.POST.get("name", "").strip(), request.POST.get("description", "").strip()
    try:
        body = WorkQueueCreate(name=name, description=description, concurrency_limit=read_limit(request))
    except ValidationError:
        words = f"{name[:80]!r} is no name for a queue. It needs one, without the characters / % & > <."
        return refused(request, words, address_of("work-pool", pool.name))
    create_work_queue(pool_name=pool.name, **body.columns())
    return done(request, f"{pool.name} has the queue {name}.", address_of("work-pool", pool.name))


@of_queue
def pause(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    update_work_queue(queue_id=queue.pk, changes={"is_paused": True})
    return _done(request, queue, f"{queue.name} is paused: it hands out no runs.")


@of_queue
def resume(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    update_work_queue(queue_id=queue.pk, changes={"is_paused": False})
    return _done(request, queue, f"{queue.name} hands out runs again.")


@of_queue
def set_limit(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    limit = read_limit(request)
    update_work_queue(queue_id=queue.pk, changes={"concurrency_limit": limit})
    return _done(request, queue, f"{queue.name} {limit_words(limit)}.")


@of_queue
def move_up(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    """Before the queue that is served before it."""
    more_urgent = [other for other in queues_of(queue.work_pool) if other.priority < queue.priority]
    if not more_urgent:
        return _refused(request, queue, f"{queue.name} is served first already.")
    update_work_queue(queue_id=queue.pk, changes={"priority": more_urgent[-1].priority})
    return _done(request, queue, f"{queue.name} is served before {more_urgent[-1].name}.")


@of_queue
def move_down(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    """Behind the queue that is served after it."""
    less_urgent = [other for other in queues_of(queue.work_pool) if other.priority > queue.priority]
    if not less_urgent:
        return _refused(request, queue, f"{queue.name} is served last already.")
    update_work_queue(queue_id=less_urgent[0].pk, changes={"priority": queue.priority})
    return _done(request, queue, f"{queue.name} is served after {less_urgent[0].name}.")


@of_queue
def delete(request: HttpRequest, queue: WorkQueue) -> HttpResponseBase:
    load = loads_of_queues(timezone.now(), [queue.pk]).get(queue.pk, NOTHING)
    question = confirm(
        request,
        title=f"Delete the queue {queue.name}",
        sentence="Runs and deployments that were for it stay, but nobody executes them until they are given another.",
        button="Delete the queue",
        back=address_of("work-pool", queue.work_pool.name),
        rows=[
            ("Work pool", queue.work_pool.name),
            ("Deployments that use it", Deployment.objects.filter(work_queue=queue).count()),
            ("Under way", runs_words(load.running)),
            ("Waiting", runs_words(load.waiting)),
        ],
    )
    if question is not None:
        return question
    delete_work_queue(queue_id=queue.pk)
    return _done(request, queue, f"{queue.name} is deleted.")


def _done(request: HttpRequest, queue: WorkQueue, words: str) -> HttpResponse:
    return done(request, words, address_of("work-pool", queue.work_pool.name))


def _refused(request: HttpRequest, queue: WorkQueue, words: str) -> HttpResponse:
    return refused(request, words, address_of("work-pool", queue.work_pool.name))
