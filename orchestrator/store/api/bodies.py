"""What clients send about variables and blocks."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.rest.bodies import Body, Envelope

MOST_VALUE_CHARACTERS = 5000  # of a variable's value as JSON in ASCII, with a space after each comma and colon

# --- Names ------------------------------------------------------------------------------------------------------------


def _only(pattern: str, what: str, may_be: str) -> AfterValidator:
    allowed = re.compile(pattern)

    def check(name: str) -> str:
        if not allowed.fullmatch(name):
            raise ValueError(f"{what} must only contain lowercase letters, numbers, and {may_be}.")
        return name

    return AfterValidator(check)


VariableName = Annotated[str, _only(r"[a-z0-9_-]*", "Variable name", "dashes or underscores"), Field(max_length=255)]
PlainName = Annotated[str, Field(pattern=r"^[^/%&><]+$")]
DocumentName = Annotated[PlainName, _only(r"[a-z0-9-]*", "Block document name", "dashes")]
Slug = Annotated[str, _only(r"[a-z0-9-]*", "Block type slug", "dashes")]

# --- Variables --------------------------------------------------------------------------------------------------------


def _short_enough(value: Any) -> Any:
    if value is not None and len(json.dumps(value)) > MOST_VALUE_CHARACTERS:
        raise ValueError(f"Variable value must be less than {MOST_VALUE_CHARACTERS} characters")
    return value


Value = Annotated[
    str | int | bool | float | dict[str, Any] | list[Any] | None,
    BeforeValidator(_short_enough),
]


class VariableCreate(Body):
    name: VariableName
    value: Value
    tags: list[str] = []


class VariableUpdate(Body):
    name: VariableName | None = None
    value: Value = None
    tags: list[str] | None = None


# --- Blocks -----------------------------------------------------------------------------------------------------------


class BlockTypeCreate(Body):
    name: PlainName
    slug: Slug
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockTypeUpdate(Body):
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockSchemaCreate(Body):
    fields: dict[str, Any] = {}
    block_type_id: UUID
    capabilities: list[str] = []
    version: str = "non-versioned"


class BlockDocumentCreate(Body):
    name: DocumentName | None = None
    data: dict[str, Any] = {}
    block_schema_id: UUID
    block_type_id: UUID
    is_anonymous: bool = False

    @model_validator(mode="before")
    @classmethod
    def _has_name(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and not sent.get("is_anonymous") and not sent.get("name"):
            raise ValueError("Names must be provided for block documents.")
        return sent


class BlockDocumentUpdate(Body):
    block_schema_id: UUID | None = None
    data: dict[str, Any] = {}
    merge_existing_data: bool = True

    def new_data(self) -> dict[str, Any] | None:
        """None: the data stays. Without merging, data that is not sent is empty data."""
        return self.data if "data" in self.model_fields_set or not self.merge_existing_data else None


# --- Server -----------------------------------------------------------------------------------------------------------


class ServerDefaultResultStorageUpdate(Envelope):
    default_result_storage_block_id: UUID
