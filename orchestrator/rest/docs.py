"""The API's description, for programs and for people."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request

from orchestrator.rest.schema import describe
from orchestrator.rest.views import ApiView, answers


class Description(ApiView):
    """OpenAPI 3.1 as JSON."""

    @answers(dict[str, Any])
    def get(self, request: Request) -> dict[str, Any]:
        return describe()


class Docs(SpectacularSwaggerSplitView):
    """The same to read and to try out; its scripts come from this server."""

    url_name = "openapi"
    renderer_classes = [TemplateHTMLRenderer]
