"""Addresses that clients print in links, and that pages of other versions had: each leads to the page it means.

They stand behind all pages: what has a page of its own is answered there.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import get_script_prefix, re_path
from django.views.decorators.http import require_safe

from orchestrator.pages.page import page

ID = r"(?P<id>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"

# What is asked for → the page below the server's root.
LINKS = (
    (r"v2", ""),
    (r"v2/(?P<rest>.+)", "{rest}"),
    (r"dashboard", ""),
    (rf"flow-runs/flow-run/{ID}", "runs/flow-run/{id}"),
    (rf"task-runs/task-run/{ID}", "runs/task-run/{id}"),
    (rf"flow-run/{ID}", "runs/flow-run/{id}"),
    (rf"task-run/{ID}", "runs/task-run/{id}"),
    (rf"flow/{ID}", "flows/flow/{id}"),
    (rf"deployment/{ID}", "deployments/deployment/{id}"),
    (r"flow-runs", "runs/"),
    (r"task-runs", "runs/tasks/"),
    (r"work-queues", "work-pools/"),
    (r"concurrency-limits/tag/(?P<tag>[^/]+)", "search?q={tag}"),
)


@require_safe
@page
def lead_on(request: HttpRequest, page_path: str, **parts: Any) -> HttpResponseBase:
    """With the query that was asked for, as it may name a line of a log."""
    path = page_path.format(**{name: quote(part.strip("/")) for name, part in parts.items()})
    query = request.META.get("QUERY_STRING", "")
    together = "&" if "?" in path else "?"
    return redirect(f"{get_script_prefix()}{path}{together + query if query else ''}")


urlpatterns = [re_path(rf"^{asked}/?$", lead_on, {"page_path": path}) for asked, path in LINKS]
