"""The history of states. Rows are added and never changed."""

from __future__ import annotations

from django.db import models

from orchestrator.contract.ids import uuid7
from orchestrator.contract.states import State, StateType
from runs.models.run import STATE_TYPES


class StateRecord(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    type = models.CharField(max_length=16, choices=STATE_TYPES)
    name = models.TextField()
    timestamp = models.DateTimeField()
    message = models.TextField(null=True, blank=True)
    data = models.JSONField(null=True, blank=True)
    state_details = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def as_state(self) -> State:
        return State(
            id=self.id,
            type=StateType(self.type),
            name=self.name,
            timestamp=self.timestamp,
            message=self.message,
            data=self.data,
            details=self.state_details,
        )


class FlowRunState(StateRecord):
    flow_run = models.ForeignKey("runs.FlowRun", on_delete=models.CASCADE, related_name="states", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow_run", "timestamp"], name="flow_run_state_time")]
        indexes = [models.Index(fields=["timestamp"], name="flow_run_state_at")]


class TaskRunState(StateRecord):
    task_run = models.ForeignKey("runs.TaskRun", on_delete=models.CASCADE, related_name="states", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["task_run", "timestamp"], name="task_run_state_time"),
            models.Index(fields=["timestamp"], name="task_run_state_at"),
        ]
