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
PAGES = [
    "orchestrator.pages.sign_in",
    "orchestrator.pages.preferences",
    "orchestrator.dashboard.urls",
    "orchestrator.events.pages.urls",
    "orchestrator.store.pages.urls",
    "runs.pages.urls",
    "deployments.pages.urls",
    "orchestrator.dashboard.deep_links",  # the last, for what has no page of its own
]

urlpatterns = [
    path("api/", include([path("", include(module)) for module in API])),
    re_path(r"^api(/.*)?$", NoSuchAddress.as_view()),
    path("ui-settings", UiSettings.as_view()),
    path("docs", Docs.as_view(), name="docs"),
    path("docs/", Docs.as_view()),
    path("admin/", admin.site.urls),
    *[path("", include(module)) for module in PAGES],
]

handler400 = "orchestrator.pages.page.bad_request"
handler403 = "orchestrator.pages.page.not_allowed"
handler404 = "orchestrator.pages.page.not_found"
handler500 = "orchestrator.pages.page.server_error"
