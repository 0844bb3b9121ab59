"""The parameters of a flow as a JSON schema, from its signature, its type hints and its docstring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from orchestrator.sdk.values.json_values import to_json


def parameter_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """What `parameter_openapi_schema` of a deployment holds. Annotations that say nothing to JSON allow every value.

    Classes (dataclasses, enumerations, models, …) are described once under `definitions` and referred to.
    """
    import inspect

    from orchestrator.sdk.type_hints.docstrings import described_parameters
    from orchestrator.sdk.type_hints.models import is_field, value_of_field
    from orchestrator.sdk.type_hints.reading import hints_of
    from orchestrator.sdk.type_hints.schemas import Definitions

    hints = hints_of(function)
    descriptions = described_parameters(inspect.getdoc(function))
    definitions = Definitions()
    properties: dict[str, Any] = {}
    required = []
    takes_any_name = False
    for position, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            takes_any_name = takes_any_name or parameter.kind is parameter.VAR_KEYWORD
            continue
        hint = hints.get(name, Any)
        has_default, default = parameter.default is not parameter.empty, parameter.default
        if is_field(default):
            hint = Annotated[hint, default]
            has_default, default = value_of_field(default)
        described: dict[str, Any] = {"position": position, "title": name}
        if name in descriptions:
            described["description"] = descriptions[name]
        # What the author writes beside a hint, pydantic's Field(description=…) for one, is nearer than the docstring.
        described |= {key: value for key, value in definitions.schema(hint).items() if key != "title"}
        if not has_default:
            required.append(name)
        elif not isinstance(default, type):
            described["default"] = to_json(default)
        properties[name] = described
    schema: dict[str, Any] = {"title": "Parameters", "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if definitions.found:
        schema["definitions"] = definitions.found
    if not takes_any_name:
        schema["additionalProperties"] = False  # so a misspelt name is refused at once, not when the run begins
    return schema
