"""`@asks(...)`: a view's method gets what the query string carries as arguments, and the API's schema tells so.

`@heeds(...)` does the same with headers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from rest_framework.request import Request

from orchestrator.rest.errors import InvalidBody, found_by


class Parameters(BaseModel):
    """What a request carries beside its body. Keys that nobody asked for are passed over, as everywhere on the web."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def asks(**parameters: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the method each parameter of the query string as an argument of its name.

    A parameter is a type when it is required, or `(type, default)`. What does not fit is answered with 422.
    """
    return _gives("asks", parameters, "query", lambda request: request.GET.dict())


def heeds(**headers: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The same with headers: `x_prefect_ui=(bool, False)` is the header `X-Prefect-UI`."""
    return _gives("heeds", headers, "header", _headers)


def _headers(request: Request) -> dict[str, str]:
    return {name.lower().replace("-", "_"): value for name, value in request.headers.items()}


def _gives(
    attribute: str, parameters: dict[str, Any], place: str, carried: Callable[[Request], dict[str, str]]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    declared: dict[str, Any] = {
        name: kind if isinstance(kind, tuple) else (kind, ...) for name, kind in parameters.items()
    }
    model = create_model("Parameters", __base__=Parameters, **declared)

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def giving(view: Any, request: Request, **parts: Any) -> Any:
            given = _read(model, carried(request), place)
            return method(view, request, **parts, **{name: getattr(given, name) for name in parameters})

        setattr(giving, attribute, model)
        return giving

    return decorate


def _read(model: type[Parameters], sent: dict[str, str], place: str) -> Parameters:
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        found = [
            {**item, "loc": [place, *item["loc"]], "input": None if item["type"] == "missing" else item["input"]}
            for item in found_by(error)
        ]
        raise InvalidBody(found, None) from None
