"""Actions on many runs: asked for in the list of runs, worked off in the background, kept with who asked and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from orchestrator.pages.addresses import address_of
from orchestrator.web.admin import HistoryAdmin, HistoryInline, QuickAdmin
from orchestrator.web.admin_asking import ask, reason_of, told
from runs.models import BulkAction, BulkActionItem, FlowRun
from runs.services.bulk.asking import preview_bulk_action, start_bulk_action, stop_bulk_action

STATES = (("COMPLETED", "Completed"), ("FAILED", "Failed"), ("CANCELLED", "Cancelled"), ("CRASHED", "Crashed"))


class BulkActions(QuickAdmin):
    """What can be done to selected flow runs. Each goes the way of a bulk action, whether it is of one run or many."""

    def has_remove_permission(self, request: HttpRequest) -> bool:
        """To delete by an action, which asks first; a run's own page in the admin has no such button."""
        return request.user.has_perm("runs.delete_flowrun")

    @admin.action(description="Retry…", permissions=["operate"])
    def retry(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        sentence = "Runs that ended badly are scheduled again. Results that were kept are used again."
        return self._bulk(request, runs, "retry", title="Retry runs", sentence=sentence)

    @admin.action(description="Cancel…", permissions=["operate"])
    def cancel(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        sentence = "Runs that have not ended are asked to stop, with what they started."
        return self._bulk(request, runs, "cancel", title="Cancel runs", sentence=sentence)

    @admin.action(description="Pause…", permissions=["operate"])
    def pause(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        sentence = "Their processes leave them; resumed, their code begins anew."
        return self._bulk(request, runs, "pause", title="Pause runs", sentence=sentence)

    @admin.action(description="Resume…", permissions=["operate"])
    def resume(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        return self._bulk(request, runs, "resume", title="Resume runs", sentence="Paused runs go on.")

    @admin.action(description="Set the state…", permissions=["operate"])
    def set_state(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        sentence = "A final state is written by force, as when what a run was for was done by hand."
        return self._bulk(request, runs, "set-state", title="Set the state of runs", sentence=sentence, choices=STATES)

    @admin.action(description="Delete…", permissions=["remove"])
    def delete(self, request: HttpRequest, runs: QuerySet[FlowRun]) -> HttpResponse | None:
        sentence = "The runs go for good, with their logs, their task runs, their states and what they made."
        return self._bulk(request, runs, "delete", title="Delete runs", sentence=sentence)

    def _bulk(
        self,
        request: HttpRequest,
        runs: QuerySet[FlowRun],
        deed: str,
        *,
        title: str,
        sentence: str,
        choices: tuple[tuple[str, str], ...] = (),
    ) -> HttpResponse | None:
        runs = runs.select_related(None)
        chosen = request.POST.get("choice", "")
        options = {"state": chosen} if chosen in dict(choices) else {}
        if request.POST.get("confirmed") != "1":
            found = preview_bulk_action(deed=deed, options=options, runs=runs)
            rows: list[tuple[str, Any]] = [("Runs", f"{found.total:,}"), *found.by_state]
            rows += [(f"Passed over: {why}", number) for why, number in found.passed_over]
            if found.is_cut:
                rows.append(("Not all", "more are selected than one action may touch; the first of the list are taken"))
            return ask(
                self, request, runs, title=title, sentence=sentence, button=title, rows=rows,
                examples=found.examples, choices=choices,
            )  # fmt: skip
        if choices and not options:
            self.message_user(request, "No state was chosen, so nothing was changed.", messages.ERROR)
            return None
        reason = reason_of(request)
        action = start_bulk_action(
            deed=deed, runs=runs, options=options, reason=reason, query=request.GET.urlencode(), asked_by=request.user
        )
        self.log_addition(request, action, told(f"{title}: {action.total}", reason))
        words = format_html(
            'It is done in the background, run after run. <a href="{}">See how far it is</a>',
            address_of("bulk-action", action.pk),
        )
        self.message_user(request, words, messages.SUCCESS)
        return None


class Items(HistoryInline):
    model = BulkActionItem
    fields = ["run_name", "outcome", "words"]
    ordering = ["id"]
    verbose_name_plural = "its runs"


@admin.register(BulkAction)
class BulkActionAdmin(HistoryAdmin):
    list_display = ["deed", "total", "done", "skipped", "failed", "asked_by_name", "reason", "created", "ended"]
    list_filter = ["deed", "is_stopped", ("ended", admin.EmptyFieldListFilter)]
    date_hierarchy = "created"
    search_fields = ["reason", "asked_by_name"]
    ordering = ["-id"]
    inlines = [Items]
    actions = ["stop"]

    def view_on_site(self, action: BulkAction) -> str:
        return address_of("bulk-action", action.pk)

    @admin.action(description="Stop…", permissions=["operate"])
    def stop(self, request: HttpRequest, actions: QuerySet[BulkAction]) -> HttpResponse | None:
        sentence = "What they have not come to is left alone. What they have done stays."
        asked = ask(self, request, actions, title="Stop bulk actions", sentence=sentence, button="Stop them")
        if asked is not None:
            return asked
        stopped = 0
        for action in actions:
            if stop_bulk_action(action_id=action.pk, by=request.user.get_username()):
                self.log_change(request, action, told("Stopped", reason_of(request)))
                stopped += 1
        self.message_user(request, f"{stopped} stopped; the others had ended.", messages.SUCCESS)
        return None


@admin.register(BulkActionItem)
class BulkActionItemAdmin(HistoryAdmin):
    list_display = ["run_name", "outcome", "words", "action"]
    list_filter = ["outcome"]
    list_select_related = ["action"]
    search_fields = ["run_name", "words"]
    ordering = ["-id"]
