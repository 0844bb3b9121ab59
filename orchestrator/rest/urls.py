"""The handshake, below /api/."""

from django.urls import path

from orchestrator.rest import docs, handshake

urlpatterns = [
    path("health", handshake.Health.as_view()),
    path("ready", handshake.Ready.as_view()),
    path("hello", handshake.Hello.as_view()),
    path("version", handshake.ApiVersion.as_view()),
    path("csrf-token", handshake.CsrfToken.as_view()),
    path("admin/version", handshake.ServerVersion.as_view()),
    path("admin/settings", handshake.Settings.as_view()),
    path("openapi.json", docs.Description.as_view(), name="openapi"),
]
