"""Every operation of the API, read from the URL tables: what the description and its tests go through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, get_converters
from django.urls.resolvers import RoutePattern
from pydantic import BaseModel, TypeAdapter

from orchestrator.rest.answering import declared_answers
from orchestrator.rest.routes import API_PREFIX, AnyUuid
from orchestrator.rest.taking import kind_of, needs_body

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One method of one address. `path` stands below the API's prefix, with `{name}` for its variable parts."""

    path: str
    method: str  # in lower case
    parts: Mapping[str, dict[str, Any]]  # the JSON schema of each variable part of the path
    view: Any

    @property
    def function(self) -> Any:
        return getattr(self.view, self.method)

    @property
    def body(self) -> Any:
        """The type of the request's body; None when there is none."""
        return kind_of(getattr(self.function, "takes", None), self.view)

    @property
    def needs_body(self) -> bool:
        return getattr(self.function, "takes", None) is not None and needs_body(self.function, self.view)

    @property
    def query(self) -> type[BaseModel] | None:
        return getattr(self.function, "asks", None)

    @property
    def headers(self) -> type[BaseModel] | None:
        return getattr(self.function, "heeds", None)

    @property
    def answers(self) -> dict[int, Any]:
        """Status -> type of the body, None for an empty one."""
        return declared_answers(self.view, self.method)

    @property
    def resource(self) -> str:
        """`flow_runs` of `/flow_runs/filter`, and `v2/concurrency_limits` as a whole."""
        first, *rest = self.path.strip("/").split("/")
        return f"{first}/{rest[0]}" if first == "v2" and rest else first

    @property
    def title(self) -> str:
        words = (self.function.__doc__ or self.view.__doc__ or "").strip().partition("\n\n")[0].split()
        return " ".join(words)


def operations() -> Iterator[Operation]:
    """In the order of the URL tables."""
    for route, parts, view in _views(get_resolver().url_patterns, "/", {}):
        path = route.removeprefix(API_PREFIX.rstrip("/"))
        for method in METHODS:
            if path != route and hasattr(view, method):
                yield Operation(path, method, parts | _kinds_of(view), view)


def _views(patterns: Any, prefix: str, parts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for pattern in patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue
        route, more = prefix + _templated(pattern.pattern), parts | _parts(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route, more)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "view_class"):
            made: Any = pattern.callback
            yield route, more, made.view_class(**made.view_initkwargs)


def _templated(pattern: RoutePattern) -> str:
    route = str(pattern)
    for name, converter in pattern.converters.items():
        for written in (f"<{name}>", *(f"<{kind}:{name}>" for kind in _names_of(converter))):
            route = route.replace(written, f"{{{name}}}")
    return route


def _names_of(converter: Any) -> list[str]:
    return [name for name, known in get_converters().items() if type(known) is type(converter)]


def _parts(pattern: RoutePattern) -> dict[str, dict[str, Any]]:
    return {name: _schema_of(converter) for name, converter in pattern.converters.items()}


def _kinds_of(view: Any) -> dict[str, dict[str, Any]]:
    return {name: TypeAdapter(kind).json_schema() for name, kind in view.path_kinds.items()}


def _schema_of(converter: Any) -> dict[str, Any]:
    if isinstance(converter, AnyUuid):
        return {"type": "string", "format": "uuid"}
    return {"type": "integer"} if isinstance(converter, IntConverter) else {"type": "string"}
