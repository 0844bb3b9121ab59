"""What a web interface asks for first: where the API is, and how to call it."""

from __future__ import annotations

from django.conf import settings
from rest_framework.request import Request

from orchestrator.rest.answering import Shape
from orchestrator.rest.views import ApiView, answers


class UISettings(Shape):
    """None of Prefect's own interfaces is served here, so none is available and none has an address."""

    api_url: str
    csrf_enabled: bool
    auth: str | None
    flags: list[str]
    default_ui: str
    available_uis: list[str]
    v1_base_url: str | None
    v2_base_url: str | None


class UiSettings(ApiView):
    open_to_all = True  # asked before anybody signs in

    @answers(UISettings)
    def get(self, request: Request) -> dict[str, object]:
        return {
            "api_url": f"{settings.PUBLIC_URL}/api",
            "csrf_enabled": settings.CSRF_PROTECTION,
            "auth": "BASIC" if settings.API_AUTH_STRING else None,
            "flags": [],
            "default_ui": "v2",
            "available_uis": [],
            "v1_base_url": None,
            "v2_base_url": None,
        }
