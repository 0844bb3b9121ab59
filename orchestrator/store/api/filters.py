"""By what variables and blocks can be filtered and sorted."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from django.db.models import Q
from pydantic import create_model

from orchestrator.rest.filters import Filter, all_of, custom, entity_filter, field, group, tags
from orchestrator.rest.lookups import HasTag
from orchestrator.rest.search import add_entity, link
from orchestrator.store.models import BlockDocument, BlockSchema, BlockType, Variable


def _can_all(capabilities: list[str]) -> Q:
    return all_of([Q(HasTag("capabilities", capability)) for capability in capabilities])


def _without_anonymous(made: type[Filter]) -> type[Filter]:
    """The same filter, which leaves out anonymous documents unless `is_anonymous` says otherwise; null asks for all."""
    sub_filter: Any = made.model_fields["is_anonymous"].annotation
    named_only = get_args(sub_filter)[0](eq_=False)
    declared: Any = {"is_anonymous": (sub_filter, named_only)}
    return create_model(made.__name__, __base__=made, **declared)


VariableFilter = entity_filter(
    "VariableFilter",
    id=field("id", UUID, "any_"),
    name=field("name", str, "any_", "like_"),
    tags=tags("tags", "all_", "is_null_"),
)
BlockTypeFilter = group(name=field("name", str, "like_"), slug=field("slug", str, "any_")).model("BlockTypeFilter")
BlockSchemaFilter = entity_filter(
    "BlockSchemaFilter",
    block_type_id=field("block_type_id", UUID, "any_"),
    block_capabilities=custom("all_", list[str], _can_all),
    id=field("id", UUID, "any_"),
    version=field("version", str, "any_"),
)
BlockDocumentFilter = _without_anonymous(
    entity_filter(
        "BlockDocumentFilter",
        id=field("id", UUID, "any_"),
        is_anonymous=field("is_anonymous", bool, "eq_"),
        block_type_id=field("block_type_id", UUID, "any_"),
        name=field("name", str, "any_", "like_"),
    )
)

VARIABLES = add_entity(
    "variables",
    "Variable",
    model=Variable,
    filter=VariableFilter,
    orders={
        "CREATED_DESC": ("-created", "-id"),
        "UPDATED_DESC": ("-updated", "-id"),
        "NAME_DESC": ("-name",),
        "NAME_ASC": ("name",),
    },
    default_order="NAME_ASC",
    alongside=(),
)
BLOCK_TYPES = add_entity(
    "block_types",
    "BlockType",
    model=BlockType,
    filter=BlockTypeFilter,
    orders={"NAME_ASC": ("name", "id")},
    default_order="NAME_ASC",
    alongside=("block_schemas",),
)
BLOCK_SCHEMAS = add_entity(
    "block_schemas",
    "BlockSchema",
    model=BlockSchema,
    filter=BlockSchemaFilter,
    orders={"CREATED_DESC": ("-created", "-id")},
    default_order="CREATED_DESC",
    alongside=(),
)
BLOCK_DOCUMENTS = add_entity(
    "block_documents",
    "BlockDocument",
    model=BlockDocument,
    filter=BlockDocumentFilter,
    orders={
        "NAME_DESC": ("-name", "-id"),
        "NAME_ASC": ("name", "id"),
        "BLOCK_TYPE_AND_NAME_ASC": ("block_type__name", "name"),
    },
    default_order="NAME_ASC",
    alongside=("block_types", "block_schemas"),
)

link("block_types", "block_schemas", lambda schemas: Q(pk__in=schemas.values("block_type_id")))
link("block_documents", "block_types", lambda types: Q(block_type__in=types.values("pk")))
link("block_documents", "block_schemas", lambda schemas: Q(block_schema__in=schemas.values("pk")))
