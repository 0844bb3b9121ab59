"""The OpenAPI document: request bodies as `takes` declares them."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from drf_spectacular.contrib import pydantic as _pydantic  # noqa: F401  registers how pydantic models are described
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from pydantic import BaseModel

from orchestrator.rest.taking import kind_of


class _ApiAuthentication(OpenApiAuthenticationExtension):
    target_class = "orchestrator.rest.authentication.ApiAuthentication"
    name = ["authString", "apiKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [{"type": "http", "scheme": "basic"}, {"type": "http", "scheme": "bearer"}]


class ApiSchema(AutoSchema):
    def get_operation_id(self) -> str:
        """Method and path, such as `post_flow_runs_by_run_id_set_state`."""
        path = self.path.removeprefix("/api/").replace("{", "by_").replace("}", "")
        return f"{self.method.lower()}_{path.replace('/', '_').replace('-', '_').replace('.', '_')}"

    def get_tags(self) -> list[str]:
        """The resource: `flow_runs` of `/api/flow_runs/filter`."""
        parts = self.path.strip("/").split("/")
        return [parts[1] if len(parts) > 1 else parts[0]]

    def get_request_serializer(self) -> Any:
        method = getattr(self.view, self.method.lower(), None)
        kind = getattr(method, "takes", None)
        return self._described(kind_of(kind, self.view)) if kind is not None else None

    def get_response_serializers(self) -> Any:
        return {204: None} if self.method == "DELETE" else OpenApiTypes.ANY

    def _described(self, kind: Any) -> Any:
        """A model as it is; another type as raw schema."""
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        if get_origin(kind) is list:
            (item,) = get_args(kind)
            return {"application/json": {"type": "array", "items": self.resolve_serializer(item, "request").ref}}
        return OpenApiTypes.OBJECT
