"""Who executes a run, and who did before."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from orchestrator.web.admin import HistoryAdmin, HistoryInline, badge
from orchestrator.web.admin_filters import DayFilter
from runs.models import Claim


class Claims(HistoryInline):
    model = Claim
    fields = ["attempt", "worker_name", "process_id", "claimed_at", "lease_expires_at", "ended_at", "outcome", "reason"]
    ordering = ["attempt"]


@admin.register(Claim)
class ClaimAdmin(HistoryAdmin):
    list_display = [
        "flow_run",
        "attempt",
        "worker_name",
        "process_id",
        "claimed_at",
        "lease_expires_at",
        "outcome_word",
        "reason",
    ]
    list_filter = ["outcome", ("claimed_at", DayFilter)]
    list_select_related = ["flow_run"]
    search_fields = ["worker_name"]
    ordering = ["-id"]

    @admin.display(description="outcome", ordering="outcome")
    def outcome_word(self, claim: Claim) -> SafeString:
        if claim.outcome is None:
            return badge("running", "held")
        tone = {"finished": "completed", "lost": "crashed", "revoked": "cancelled"}[claim.outcome]
        return badge(tone, claim.outcome)
