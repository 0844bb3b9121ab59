from __future__ import annotations

from django.db import models

from runs.models.base import Record


class FlowRunInput(Record):
    """A text under a key that is given to a run while it runs, or with which it tells what it wants to be given."""

    flow_run = models.ForeignKey("runs.FlowRun", on_delete=models.CASCADE, related_name="inputs", db_index=False)
    key = models.TextField()
    value = models.TextField(blank=True)
    sender = models.TextField(null=True, blank=True, help_text="The run that sent it, such as flow-run.<id>.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow_run", "key"], name="flow_run_input_key")]

    def __str__(self) -> str:
        return self.key
