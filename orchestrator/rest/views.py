"""The base of every view of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from orchestrator.rest import tolerance
from orchestrator.rest.answering import Shape, answers
from orchestrator.rest.asking import asks
from orchestrator.rest.csrf import refuse_without_token
from orchestrator.rest.errors import NotFound, Refused
from orchestrator.rest.json import JsonAnswer
from orchestrator.rest.origins import is_foreign
from orchestrator.rest.taking import read, read_value, takes
from orchestrator.rest.versions import check_api_version

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiView(APIView):
    """Takes its body with `takes`, makes one call inward, and answers plain values, which become JSON."""

    open_to_all = False
    checks_version = True  # whether a client that speaks an older contract is refused
    shares_commit = False  # whether it may be one of several requests in a transaction; see `web.group_commit`
    # Errors that this view answers with 404 and this detail, whatever the rest of the API does.
    not_found: ClassVar[Mapping[Any, str]] = {}
    # What variable parts of the path are, besides text and UUIDs; what does not fit is answered with 422.
    path_kinds: ClassVar[Mapping[str, Any]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        refuse_without_token(request)
        super().initial(request, *args, **kwargs)
        self._read_path()
        if self.checks_version:
            check_api_version(request.META.get("HTTP_X_PREFECT_API_VERSION"))
        if request.method not in _SAFE:
            refuse_foreign_origin(request)

    def _read_path(self) -> None:
        for name, kind in self.path_kinds.items():
            self.kwargs[name] = read_value(kind, self.kwargs[name], "path", name)

    def handle_exception(self, exc: Exception) -> JsonAnswer:
        detail = self.not_found.get(type(exc))
        return super().handle_exception(exc if detail is None else NotFound(detail))

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(response, "status_code"):
            response = JsonAnswer(response)
        ignored = getattr(getattr(request, "_request", None), "ignored_keys", None)
        if ignored:
            response.headers[tolerance.HEADER] = tolerance.header_of(ignored)
        if response.status_code < 500:
            response._has_been_logged = True  # a client's mistake is answered, and is no news for the server's log
        return super().finalize_response(request, response, *args, **kwargs)


def refuse_foreign_origin(request: Any) -> None:
    """Keep web pages of other sites from writing through the browser of somebody who can reach an open server.

    Programs send no `Origin`. Raises Refused (403).
    """
    origin = request.META.get("HTTP_ORIGIN")
    if origin and is_foreign(origin, request.get_host()):
        raise Refused("Requests from other sites are not accepted.", 403)


def no_content() -> JsonAnswer:
    return JsonAnswer(status=204)


__all__ = ["ApiView", "Shape", "answers", "asks", "no_content", "read", "takes"]
