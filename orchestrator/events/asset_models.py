from __future__ import annotations

from django.db import models


class Asset(models.Model):
    """Something that tasks make and keep elsewhere, as the newest events tell of it."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField(unique=True, help_text="Its address, such as s3://bucket/orders.parquet.")
    name = models.TextField(blank=True)
    description = models.TextField(blank=True)
    url = models.TextField(blank=True)
    owners = models.JSONField(default=list, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="What the last task that made it said of it.")
    tool = models.TextField(blank=True, help_text="What it was made by, such as dbt.")
    mentioned_at = models.DateTimeField(help_text="When an event last told of it.")
    made_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When a task last failed to make it.")
    usual_seconds = models.FloatField(
        null=True, blank=True, help_text="How long it usually is from one making to the next; the newest count most."
    )
    flow = models.JSONField(default=dict, blank=True, help_text="Labels of the flow that made it.")
    flow_run = models.JSONField(default=dict, blank=True)
    task_run = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-mentioned_at", "-id"], name="asset_mentioned")]

    def __str__(self) -> str:
        return self.name or self.key

    @property
    def is_failing(self) -> bool:
        """Whether the last try to make it failed."""
        return self.failed_at is not None and (self.made_at is None or self.made_at < self.failed_at)


class AssetSource(models.Model):
    """One asset was made from another."""

    id = models.BigAutoField(primary_key=True)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="sources")
    source = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="products")
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "source"], name="asset_source_once")]

    def __str__(self) -> str:
        return f"{self.asset_id} from {self.source_id}"
