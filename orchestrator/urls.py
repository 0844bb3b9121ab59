"""Every address of the server."""

from django.contrib import admin
from django.urls import include, path, re_path

from orchestrator.rest import routes  # noqa: F401  registers the converter that the tables use
from orchestrator.rest.docs import Docs
from orchestrator.rest.handshake import NoSuchAddress
from orchestrator.rest.ui_settings import UiSettings

API = [
    "orchestrator.rest.urls",
    "orchestrator.store.api.urls",
    "runs.api.urls",
    "deployments.api.urls",
    "automations.api.urls",
    "orchestrator.events.urls",
]
PAGES = ["orchestrator.live.sign_in", "orchestrator.live.theme", "runs.pages.urls"]

urlpatterns = [
    path("api/", include([path("", include(module)) for module in API])),
    re_path(r"^api(/.*)?$", NoSuchAddress.as_view()),
    path("ui-settings", UiSettings.as_view()),
    path("docs", Docs.as_view(), name="docs"),
    path("docs/", Docs.as_view()),
    path("admin/", admin.site.urls),
    *[path("", include(module)) for module in PAGES],
]

handler400 = "orchestrator.live.page.bad_request"
handler404 = "orchestrator.live.page.not_found"
