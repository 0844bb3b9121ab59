"""What versions of a deployment hold, as pages and the admin show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deployments.services.versions import differences
from orchestrator.pages.schema_forms import with_masks, without_secret_defaults

SCHEMA = "parameter_openapi_schema"


def told_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, what it was, what it is. What is secret by either of the two schemas is stars."""
    schemas = (before.get(SCHEMA), after.get(SCHEMA))
    was, now = told_content(before, *schemas), told_content(after, *schemas)
    return [(name, _text(was.get(name)), _text(now.get(name))) for name in differences(before, after)]


def told_content(content: Mapping[str, Any], *schemas: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without its secrets, by the schemas, or by its own where none is given."""
    told = dict(content)
    for schema in schemas or (content.get(SCHEMA),):
        told["parameters"] = with_masks(schema, told.get("parameters"))
        told["schedules"] = [
            {**one, "parameters": with_masks(schema, one.get("parameters"))} for one in told.get("schedules") or []
        ]
    if SCHEMA in told:
        told[SCHEMA] = without_secret_defaults(told[SCHEMA])
    return told


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
