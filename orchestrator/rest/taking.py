"""`@takes(Model)`: a view's method gets its request's body as a value of that type, and the API's schema tells so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial, wraps
from types import FunctionType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from rest_framework.request import Request

from orchestrator.rest.bodies import Envelope
from orchestrator.rest.errors import InvalidBody, found_by
from orchestrator.rest.tolerance import is_of_another_version, read_without_unknown_keys

B = TypeVar("B", bound=BaseModel)
Kind = Any  # a model, another type such as `list[Model]`, or a function from the view to either


def takes(kind: Kind, *, needed: bool | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give the method the body as its argument `body`. A body that does not fit is answered with 422.

    A function as `kind` is asked on every request, for bodies that are made once every app is there. `needed` says
    whether a request without any body is refused. By default it is, except where a POST may leave out every key.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def taking(view: Any, request: Request, **parts: Any) -> Any:
            if (not request._request.body or request.data is None) and needs_body(taking, view):
                raise InvalidBody([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}], None)
            return method(view, request, **parts, body=_fitted(kind_of(kind, view), request))

        taking.takes = kind  # type: ignore[attr-defined]
        taking.needed = method.__name__ != "post" or None if needed is None else needed  # type: ignore[attr-defined]
        return taking

    return decorate


def reads(kind: Kind) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the body of a method that reads it by itself."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        method.takes, method.needed = kind, True  # type: ignore[attr-defined]
        return method

    return decorate


def needs_body(method: Any, view: Any) -> bool:
    """Whether a method that takes a body refuses a request without one."""
    return _has_required_keys(kind_of(method.takes, view)) if method.needed is None else method.needed


@cache
def _has_required_keys(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(field.is_required() for field in kind.model_fields.values())
    return True


def kind_of(kind: Kind, view: Any) -> Any:
    return kind(view) if isinstance(kind, FunctionType) else kind


def read(model: type[B], request: Request) -> B:
    """The request's body as `model`. Raises InvalidBody (422)."""
    return _fitted(model, request)


def _fitted(kind: Any, request: Request) -> Any:
    sent = {} if request.data is None else request.data  # null is no body; what needs one has been refused
    fit = _fit_of(kind)
    try:
        return fit(sent)
    except ValidationError as error:
        if is_of_another_version(request) and (found := read_without_unknown_keys(fit, sent, error)):
            value, request._request.ignored_keys = found
            return value
        raise InvalidBody.from_validation(error, sent, beside=_is_envelope(kind)) from None


def _is_envelope(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Envelope)


def _fit_of(kind: Any) -> Callable[[Any], Any]:
    """Asked for attributes, pydantic has other words for what is no object: those of the contract."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return partial(kind.model_validate, from_attributes=True)
    return partial(_adapter(kind).validate_python, from_attributes=True)


def read_value(kind: Any, value: Any, *where: str) -> Any:
    """A value from elsewhere in the request. Raises InvalidBody (422)."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        raise InvalidBody([{**item, "loc": list(where)} for item in found_by(error)], None) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
