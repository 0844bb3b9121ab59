"""The OpenAPI document: made from what the views declare, and nothing else.

Every model is handed to pydantic at once, which gives each its name: one that is both taken and answered may look
different from both sides.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from django.conf import settings
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from orchestrator.contract.versions import API_VERSION
from orchestrator.rest.answering import Media
from orchestrator.rest.operations import Operation, operations
from orchestrator.rest.routes import API_PREFIX

_REF = "#/components/schemas/{model}"
_VERSION = {
    "name": "x-prefect-api-version",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The contract that the client speaks; one that is too old is refused with 400.",
}
_SECURITY = {
    "authString": {"type": "http", "scheme": "basic"},
    "apiKey": {"type": "http", "scheme": "bearer"},
}

_Key = tuple[int, str]  # which operation, and which of its models
_Model = tuple[_Key, Literal["validation", "serialization"], TypeAdapter[Any]]


class Problem(BaseModel):
    """One thing that is wrong with a request."""

    type: str
    loc: list[str | int]
    msg: str
    input: Any
    ctx: dict[str, Any] = {}


class InvalidRequest(BaseModel):
    """What is wrong with a request that does not fit, and what was sent."""

    exception_message: str
    exception_detail: list[Problem]
    request_body: Any


class _Generator(GenerateJsonSchema):
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without defaults of null: they say no more than that the key may be absent, also where it may not be null."""
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


@cache
def describe() -> dict[str, Any]:
    """The document, made once: it does not change while the server runs."""
    found = list(operations())
    models = [model for number, operation in enumerate(found) for model in _models(number, operation)]
    schemas, shared = TypeAdapter.json_schemas(models, ref_template=_REF, schema_generator=_Generator)
    components = shared.get("$defs", {})
    written = {(number, name): schema for ((number, name), _), schema in schemas.items()}
    paths: dict[str, Any] = {}
    for number, operation in enumerate(found):
        described = _operation(operation, number, written, components)
        paths.setdefault(operation.path, {})[operation.method] = described
    for name in _of_parameters(found, written):
        components.pop(name, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orchestrator",
            "version": API_VERSION,
            "description": "The public Prefect 3 contract, and what Orchestrator adds to it. "
            "A slash at the end of an address may be there or not.",
        },
        "servers": [{"url": API_PREFIX.rstrip("/")}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{"authString": []}, {"apiKey": []}, *([] if settings.API_AUTH == "required" else [{}])],
    }


def _models(number: int, operation: Operation) -> list[_Model]:
    models: list[_Model] = [((number, "invalid"), "serialization", _adapter(InvalidRequest))]
    if operation.body is not None:
        models.append(((number, "body"), "validation", _adapter(operation.body)))
    for place, kind in _beside_the_body(operation).items():
        models.append(((number, place), "validation", _adapter(kind)))
    for status, kind in operation.answers.items():
        if kind is not None and not isinstance(kind, Media):
            models.append(((number, str(status)), "serialization", _adapter(kind)))
    return models


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _operation(
    operation: Operation, number: int, written: dict[_Key, Any], components: dict[str, Any]
) -> dict[str, Any]:
    answers = {str(status): kind for status, kind in operation.answers.items()}
    described: dict[str, Any] = {
        "operationId": _identifier(operation),
        "tags": [operation.resource],
        "parameters": [
            *_path_parameters(operation),
            *_other_parameters(operation, number, written, components),
            *([_VERSION] if operation.view.checks_version else []),
        ],
        "responses": {
            **{status: _answer(kind, written.get((number, status))) for status, kind in answers.items()},
            "422": {"description": "The request does not fit.", **_json(written[number, "invalid"])},
        },
    }
    if operation.title:
        described["summary"] = operation.title
    if operation.body is not None:
        described["requestBody"] = {"required": operation.needs_body, **_json(written[number, "body"])}
    return described


def _identifier(operation: Operation) -> str:
    """Method and path, such as `post_flow_runs_by_run_id_set_state`."""
    path = operation.path.strip("/").replace("{", "by_").replace("}", "")
    for character in "/-.":
        path = path.replace(character, "_")
    return f"{operation.method}_{path}"


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in operation.parts.items()
    ]


def _beside_the_body(operation: Operation) -> dict[str, Any]:
    """Place -> model of the parameters that come in it."""
    places = {"query": operation.query, "header": operation.headers}
    return {place: kind for place, kind in places.items() if kind is not None}


def _other_parameters(
    operation: Operation, number: int, written: dict[_Key, Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = []
    for place in _beside_the_body(operation):
        model = _resolved(written[number, place], components)
        for key, schema in model.get("properties", {}).items():
            name = key.replace("_", "-") if place == "header" else key
            required = key in model.get("required", ())
            parameters.append({"name": name, "in": place, "required": required, "schema": schema})
    return parameters


def _resolved(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    name = _name(schema)
    return components[name] if name else schema


def _name(schema: dict[str, Any]) -> str | None:
    return schema["$ref"].rpartition("/")[2] if "$ref" in schema else None


def _of_parameters(found: list[Operation], written: dict[_Key, Any]) -> set[str]:
    """The components that became parameters."""
    keys = ((number, place) for number, operation in enumerate(found) for place in _beside_the_body(operation))
    return {name for key in keys if (name := _name(written[key]))}


def _answer(kind: Any, schema: dict[str, Any] | None) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done; the body is empty."}
    if isinstance(kind, Media):
        return {"description": "The answer.", "content": {kind.type: {"schema": {"type": "string"}}}}
    return {"description": "The answer.", **_json(schema or {})}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
