from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from orchestrator.store.models.base import Record
from orchestrator.store.models.block_types import BlockSchema, BlockType


class BlockDocument(Record):
    """A filled block. Its data is encrypted; what refers to other documents stands in `BlockReference`."""

    name = models.TextField(db_index=True)
    block_type = models.ForeignKey(BlockType, on_delete=models.CASCADE, related_name="documents")
    block_schema = models.ForeignKey(BlockSchema, on_delete=models.CASCADE, related_name="documents")
    is_anonymous = models.BooleanField(default=False)
    encrypted_data = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["block_type", "name"], name="block_document_type_and_name")]
        indexes = [models.Index(fields=["is_anonymous", "name"], name="block_document_listed")]

    def __str__(self) -> str:
        return self.name


class BlockReference(models.Model):
    """A field of one document that holds another document."""

    parent = models.ForeignKey(BlockDocument, on_delete=models.CASCADE, related_name="references")
    name = models.TextField()
    document = models.ForeignKey(BlockDocument, on_delete=models.CASCADE, related_name="referring")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="block_reference_parent_and_name"),
            models.CheckConstraint(condition=~Q(parent=F("document")), name="block_reference_no_self_reference"),
        ]

    def __str__(self) -> str:
        return self.name
