"""What a browser may do with an answer of this server: nothing that did not come from this server."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Nothing is loaded from elsewhere and no script stands in the page, so markup that slipped through could not run. The
# page's own style may stand there, which is known by its hash.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
API_PREFIX = "/api/"  # its answers are JSON for programs, and there are very many of them


class ContentPolicy:
    """Middleware: the policy of every page, whoever made it, the admin and the description of the API included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if not request.path_info.startswith(API_PREFIX):
            own_style = getattr(request, "allowed_style", "")  # set by whoever put it into the page
            policy = CONTENT_SECURITY_POLICY.format(styles=f"'self' {own_style}".rstrip())
            response.headers["Content-Security-Policy"] = policy
        return response
