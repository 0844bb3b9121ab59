"""Who executes a run, and who did before."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from orchestrator.web.admin import HistoryAdmin, HistoryInline, badge
from runs.models import Claim

TONES = {
    Claim.Outcome.FINISHED: "completed",
    Claim.Outcome.LOST: "crashed",
    Claim.Outcome.HANDED_BACK: "pending",
    Claim.Outcome.REVOKED: "cancelled",
}


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
    list_filter = ["outcome"]
    date_hierarchy = "claimed_at"
    list_select_related = ["flow_run"]
    search_fields = ["worker_name"]
    ordering = ["-id"]

    @admin.display(description="outcome", ordering="outcome")
    def outcome_word(self, claim: Claim) -> SafeString:
        if claim.outcome is None:
            return badge("running", "held")
        return badge(TONES[Claim.Outcome(claim.outcome)], claim.get_outcome_display())
