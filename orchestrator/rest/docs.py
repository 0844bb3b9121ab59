"""The API's description, for programs and for people."""

from __future__ import annotations

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer

from orchestrator.rest.authentication import MayUseApi
from orchestrator.rest.views import ApiView


class Description(ApiView, SpectacularJSONAPIView):
    """OpenAPI 3 as JSON."""

    permission_classes = [MayUseApi]  # the view of the library lets everybody in


class Docs(SpectacularSwaggerSplitView):
    """The same to read and to try out; its scripts come from this server."""

    url_name = "openapi"
    renderer_classes = [TemplateHTMLRenderer]
