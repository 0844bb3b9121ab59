"""`@asks(...)`: a view's method gets what the query string carries as arguments, and the API's schema tells so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from rest_framework.request import Request

from orchestrator.rest.errors import InvalidBody


class Query(BaseModel):
    """What a query string carries. Keys that nobody asked for are passed over, as everywhere on the web."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def asks(**parameters: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the method each parameter as an argument of its name.

    A parameter is a type when it is required, or `(type, default)`. What does not fit is answered with 422.
    """
    declared: dict[str, Any] = {
        name: kind if isinstance(kind, tuple) else (kind, ...) for name, kind in parameters.items()
    }
    model = create_model("Query", __base__=Query, **declared)

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def asking(view: Any, request: Request, **parts: Any) -> Any:
            query = _read(model, request)
            return method(view, request, **parts, **{name: getattr(query, name) for name in parameters})

        asking.asks = model  # type: ignore[attr-defined]
        return asking

    return decorate


def _read(model: type[Query], request: Request) -> Query:
    sent = request.GET.dict()
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        found = [
            {**item, "loc": ["query", *item["loc"]], "input": None if item["type"] == "missing" else item["input"]}
            for item in error.errors(include_url=False, include_context=False)
        ]
        raise InvalidBody(found, None) from None
