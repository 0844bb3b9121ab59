"""Work pools, their queues and their workers, in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from deployments.admin.described import TONES, DescribedAdmin
from deployments.admin.switching import for_each
from deployments.models import Deployment, Worker, WorkPool, WorkQueue
from deployments.services.work_pools import delete_work_pool, update_work_pool
from deployments.services.work_queues import update_work_queue
from orchestrator.contract.states import TERMINAL
from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin, HistoryInline, badge, capped
from orchestrator.web.admin_filters import FewRelated
from runs.models import FlowRun


class Queues(HistoryInline):
    model = WorkQueue
    fields = ["name", "priority", "status", "is_paused", "concurrency_limit", "last_polled"]
    ordering = ["priority"]


class Workers(HistoryInline):
    model = Worker
    fields = ["name", "status", "last_heartbeat_time", "silent_after"]
    ordering = ["-last_heartbeat_time"]


@admin.register(WorkPool)
class WorkPoolAdmin(DescribedAdmin):
    list_display = ["name", "type", "status_word", "concurrency_limit", "created"]
    list_filter = ["type", "status", "is_paused"]
    search_fields = ["name"]
    ordering = ["name"]
    editable = ["description"]
    inlines = [Queues, Workers]
    actions = ["pause", "resume", "delete"]

    def view_on_site(self, pool: WorkPool) -> str:
        return address_of("work-pool", pool.name)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("deployments.delete_workpool")

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(self, request: HttpRequest, pools: QuerySet[WorkPool]) -> HttpResponse | None:
        return for_each(
            self,
            request,
            pools,
            title="Pause work pools",
            sentence="Their workers begin no more runs. Runs that have begun go on.",
            done="Paused",
            do=lambda row: update_work_pool(name=row.name, changes={"is_paused": True}),
        )

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(self, request: HttpRequest, pools: QuerySet[WorkPool]) -> HttpResponse | None:
        return for_each(
            self,
            request,
            pools,
            title="Resume work pools",
            sentence="Their workers begin runs again, those that waited first.",
            done="Resumed",
            do=lambda row: update_work_pool(name=row.name, changes={"is_paused": False}),
        )

    @admin.action(description="Delete…", permissions=["remove"])
    def delete(self, request: HttpRequest, pools: QuerySet[WorkPool]) -> HttpResponse | None:
        queues = WorkQueue.objects.filter(work_pool__in=pools.values("pk"))
        unfinished = FlowRun.objects.filter(work_queue__in=queues.values("pk")).exclude(
            state_type__in=[one.value for one in TERMINAL]
        )
        rows = [
            ("Their queues, which go with them", queues.count()),
            ("Their workers, which are forgotten", Worker.objects.filter(work_pool__in=pools.values("pk")).count()),
            ("Deployments that then have none", capped(Deployment.objects.filter(work_queue__in=queues.values("pk")))),
            ("Runs that have not ended", capped(unfinished)),
        ]
        return for_each(
            self,
            request,
            pools,
            title="Delete work pools",
            sentence="Pools go with their queues. Deployments and runs stay, without a place to run.",
            done="Deleted",
            do=lambda row: delete_work_pool(name=row.name),
            rows=rows,
        )


@admin.register(WorkQueue)
class WorkQueueAdmin(DescribedAdmin):
    list_display = ["name", "work_pool", "priority", "status_word", "concurrency_limit", "last_polled"]
    list_filter = ["status", "is_paused", ("work_pool", FewRelated)]
    list_select_related = ["work_pool"]
    search_fields = ["name", "work_pool__name"]
    ordering = ["work_pool", "priority"]
    editable = ["description"]
    actions = ["pause", "resume"]

    def view_on_site(self, queue: WorkQueue) -> str:
        return address_of("work-queue", queue.pk)

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(self, request: HttpRequest, queues: QuerySet[WorkQueue]) -> HttpResponse | None:
        return for_each(
            self,
            request,
            queues,
            title="Pause work queues",
            sentence="Workers begin no more runs of theirs. Runs that have begun go on.",
            done="Paused",
            do=lambda row: update_work_queue(queue_id=row.pk, changes={"is_paused": True}),
        )

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(self, request: HttpRequest, queues: QuerySet[WorkQueue]) -> HttpResponse | None:
        return for_each(
            self,
            request,
            queues,
            title="Resume work queues",
            sentence="Workers begin runs of theirs again, those that waited first.",
            done="Resumed",
            do=lambda row: update_work_queue(queue_id=row.pk, changes={"is_paused": False}),
        )


@admin.register(Worker)
class WorkerAdmin(HistoryAdmin):
    list_display = ["name", "work_pool", "online_word", "last_heartbeat_time", "heartbeat_interval_seconds"]
    list_filter = ["status", ("work_pool", FewRelated)]
    list_select_related = ["work_pool"]
    search_fields = ["name", "work_pool__name"]
    ordering = ["-last_heartbeat_time"]
    is_small = True

    def view_on_site(self, worker: Worker) -> str:
        return address_of("worker", worker.work_pool.name, worker.pk)

    @admin.display(description="status", ordering="status")
    def online_word(self, worker: Worker) -> SafeString:
        status = Worker.Status.ONLINE if worker.is_online(timezone.now()) else Worker.Status.OFFLINE
        return badge(TONES[status], status.label)
