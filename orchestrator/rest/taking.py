"""`@takes(Model)`: a view's method gets its request's body as a value of that type, and the API's schema tells so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from rest_framework.request import Request

from orchestrator.rest.errors import InvalidBody

B = TypeVar("B", bound=BaseModel)
Kind = Any  # a model, another type such as `list[Model]`, or a function from the view to either


def takes(kind: Kind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the method the body as its argument `body`. A body that does not fit is answered with 422.

    A function as `kind` is asked on every request, for bodies that are made once every app is there.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def taking(view: Any, request: Request, **parts: Any) -> Any:
            return method(view, request, **parts, body=_fitted(kind_of(kind, view), request))

        taking.takes = kind  # type: ignore[attr-defined]
        return taking

    return decorate


def kind_of(kind: Kind, view: Any) -> Any:
    return kind(view) if isinstance(kind, FunctionType) else kind


def read(model: type[B], request: Request) -> B:
    """The request's body as `model`. Raises InvalidBody (422)."""
    return _fitted(model, request)


def _fitted(kind: Any, request: Request) -> Any:
    sent = request.data
    try:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind.model_validate(sent)
        return _adapter(kind).validate_python(sent)
    except ValidationError as error:
        raise InvalidBody.from_validation(error, sent) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
