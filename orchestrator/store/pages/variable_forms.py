"""What people type about a variable: its name, its value as a text or as JSON, its tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from pydantic import ValidationError

from orchestrator.pages.schema_forms import Unread, read_json, show_json, without_nul
from orchestrator.store.api.bodies import VariableCreate
from orchestrator.store.models import Variable

TEXT, JSON = "text", "json"


@dataclass(slots=True)
class Draft:
    """As it was typed, with what is wrong by field."""

    name: str = ""
    kind: str = TEXT  # how the value is written
    value: str = ""
    tags: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    variable_id: str = ""  # of the one that is changed


@dataclass(frozen=True, slots=True)
class Wanted:
    name: str
    value: Any
    tags: list[str]


def draft_of(variable: Variable) -> Draft:
    value = variable.value
    return Draft(
        name=variable.name,
        kind=TEXT if isinstance(value, str) else JSON,
        value=value if isinstance(value, str) else show_json(value),
        tags=", ".join(map(str, variable.tags)),
        variable_id=str(variable.pk),
    )


def draft_in(posted: QueryDict) -> Draft:
    return Draft(
        name=posted.get("name", "").strip(),
        kind=JSON if posted.get("kind") == JSON else TEXT,
        value=without_nul(posted.get("value", "").replace("\r\n", "\n")),
        tags=without_nul(posted.get("tags", "")),
    )


def wanted_of(draft: Draft) -> Wanted | None:
    """What the API would take; None when it would not, and then the draft has the errors."""
    value = read_json(draft.value) if draft.kind == JSON else draft.value
    if isinstance(value, Unread):
        draft.errors["value"] = value.error
        return None
    tags = [tag.strip() for tag in draft.tags.split(",") if tag.strip()]
    if not draft.name:
        draft.errors["name"] = "A variable needs a name."
        return None
    try:
        body = VariableCreate(name=draft.name, value=value, tags=tags)
    except ValidationError as error:
        for one in error.errors():
            draft.errors[str(one["loc"][0])] = str(one["msg"]).removeprefix("Value error, ")
        return None
    return Wanted(body.name, value, body.tags)
