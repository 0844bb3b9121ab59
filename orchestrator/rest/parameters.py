"""What comes in the query string."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from rest_framework.request import Request

from orchestrator.rest.bodies import Time
from orchestrator.rest.errors import InvalidBody

_UUID: TypeAdapter[UUID] = TypeAdapter(UUID)
_TIME: TypeAdapter[datetime] = TypeAdapter(Time)


def uuid_parameter(request: Request, name: str) -> UUID:
    """Raises InvalidBody (422) when it is missing or no UUID."""
    return _read(_UUID, request, name)


def time_parameter(request: Request, name: str) -> datetime | None:
    """None when it is missing. Raises InvalidBody (422) when it is no time."""
    return _read(_TIME, request, name) if request.GET.get(name) else None


def _read(adapter: TypeAdapter[Any], request: Request, name: str) -> Any:
    text = request.GET.get(name)
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        found = [{**item, "loc": ["query", name]} for item in error.errors(include_url=False, include_context=False)]
        if text is None:
            found = [{"type": "missing", "loc": ["query", name], "msg": "Field required", "input": None}]
        raise InvalidBody(found, None) from None
