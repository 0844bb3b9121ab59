"""The addresses of concurrency limits. Their pages are here, not beside the runs, because they name deployments."""

from django.urls import re_path

from deployments.pages import limit_actions, limits

ID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
LIMIT = rf"^concurrency-limits/concurrency-limit/(?P<limit_id>{ID})"

urlpatterns = [
    re_path(r"^concurrency-limits/?$", limits.limit_list, name="limits"),
    re_path(r"^concurrency-limits/new/?$", limit_actions.create, name="new-limit"),
    re_path(rf"{LIMIT}/?$", limits.limit, name="limit"),
    re_path(rf"{LIMIT}/edit/?$", limit_actions.edit, name="edit-limit"),
    re_path(rf"{LIMIT}/activate/?$", limit_actions.activate, name="activate-limit"),
    re_path(rf"{LIMIT}/deactivate/?$", limit_actions.deactivate, name="deactivate-limit"),
    re_path(rf"{LIMIT}/delete/?$", limit_actions.delete, name="delete-limit"),
    re_path(rf"{LIMIT}/free/?$", limit_actions.free_all, name="free-all-slots"),
    re_path(rf"{LIMIT}/free/(?P<lease_id>{ID})/?$", limit_actions.free, name="free-slot"),
]
