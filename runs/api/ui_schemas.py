"""Whether values, such as the parameters that somebody fills in, fit a schema."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from rest_framework.request import Request

from orchestrator.rest.answering import Shape
from orchestrator.rest.bodies import Envelope
from orchestrator.rest.value_schemas import errors_in
from orchestrator.rest.views import ApiView, answers, takes
from orchestrator.store.services.hydration import hydrate_for_checking


class SchemaAndValues(Envelope):
    json_schema: dict[str, Any] = Field(alias="schema")
    values: dict[str, Any]


class SchemaValuePropertyError(Shape):
    property: str
    errors: list[str | SchemaValuePropertyError | SchemaValueIndexError]


class SchemaValueIndexError(Shape):
    index: int
    errors: list[str | SchemaValuePropertyError | SchemaValueIndexError]


class SchemaValuesValidationResponse(Shape):
    errors: list[str | SchemaValuePropertyError | SchemaValueIndexError]
    valid: bool


class ValidatedValues(ApiView):
    @takes(SchemaAndValues)
    @answers(SchemaValuesValidationResponse)
    def post(self, request: Request, body: SchemaAndValues) -> dict[str, Any]:
        """What is wrong with the values, as a tree; nothing when they fit."""
        errors = errors_in(hydrate_for_checking(body.values), body.json_schema)
        return {"errors": errors, "valid": not errors}
