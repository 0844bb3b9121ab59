"""By what automations can be filtered and sorted."""

from __future__ import annotations

from uuid import UUID

from automations.models import Automation
from orchestrator.rest.filters import entity_filter, field, tags, timed
from orchestrator.rest.search import add_entity

AutomationFilter = entity_filter(
    "AutomationFilter",
    id=field("id", UUID, "any_"),
    name=field("name", str, "any_"),
    created=timed("created", "before_"),
    tags=tags("tags", "all_", "any_", "is_null_"),
)

AUTOMATIONS = add_entity(
    "automations",
    "Automation",
    model=Automation,
    filter=AutomationFilter,
    orders={
        "CREATED_DESC": ("-created", "-id"),
        "UPDATED_DESC": ("-updated", "-id"),
        "NAME_ASC": ("name", "id"),
        "NAME_DESC": ("-name", "-id"),
    },
    default_order="NAME_ASC",
    alongside=(),
)
