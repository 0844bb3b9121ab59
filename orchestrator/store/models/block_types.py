from __future__ import annotations

from django.db import models

from orchestrator.store.models.base import Record


class BlockType(Record):
    """A kind of block, such as credentials for one service. Its schemas say which fields a block of it has."""

    name = models.TextField(db_index=True)
    slug = models.TextField(unique=True)
    logo_url = models.TextField(null=True, blank=True)
    documentation_url = models.TextField(null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    code_example = models.TextField(null=True, blank=True)
    is_protected = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class BlockSchema(Record):
    """The fields of blocks of one type, in one version. Clients find theirs by its checksum."""

    block_type = models.ForeignKey(BlockType, on_delete=models.CASCADE, related_name="schemas")
    checksum = models.CharField(max_length=80)
    version = models.TextField(default="non-versioned")
    capabilities = models.JSONField(default=list, blank=True)
    # As it is answered: with the definitions of nested blocks, and with `block_schema_references`.
    fields = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checksum", "version"], name="block_schema_checksum_and_version")
        ]
        indexes = [models.Index(fields=["-created"], name="block_schema_created")]

    def __str__(self) -> str:
        return f"{self.block_type_id} {self.version}"

    @property
    def secret_paths(self) -> list[tuple[str, ...]]:
        """Where secrets are in the data of a block, such as `("credentials", "password")`."""
        return [tuple(path.split(".")) for path in dict.fromkeys(self.fields.get("secret_fields") or [])]
