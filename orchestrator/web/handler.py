"""Django's views behind the middlewares that a request needs: a page's are many, those of a program's call are few."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, set_script_prefix
from django.utils.module_loading import import_string

from orchestrator.web.addresses import resolved
from orchestrator.web.bodies import Message
from orchestrator.web.content_policy import API_PREFIX
from orchestrator.web.standing_headers import Headers, StandingHeaders

logger = logging.getLogger(__name__)

JOIN_UP_TO_BYTES = 1_000_000  # a file of known length up to this is read at once instead of streamed
BODYLESS = frozenset({204, 304})
_OF_BROWSERS = frozenset({b"cookie", b"origin"})


class Answer(NamedTuple):
    """What a thread hands back. `stream` is the response itself when its body is still to be made."""

    status: int
    headers: Headers
    body: bytes
    stream: HttpResponseBase | None = None


class _Resolving(BaseHandler):
    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        if hasattr(request, "urlconf"):
            return super().resolve_request(request)
        request.resolver_match = resolved(request.path_info)
        return request.resolver_match


class DjangoHandler(_Resolving):
    """Django's middleware chain and views, synchronously, in whatever thread asks."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()
        self._of_programs = _ProgramsHandler(settings.MIDDLEWARE_OF_PROGRAMS)

    def answer(self, scope: Message, body: IO[bytes]) -> Answer:
        set_script_prefix(get_script_prefix(scope))
        try:
            request = ASGIRequest(scope, _to_be_closed(body))
        except UnicodeDecodeError:
            logger.warning("Bad Request (UnicodeDecodeError)")
            return Answer(400, [], b"")
        # Known only now when the body came in chunks; without it a body is taken for absent.
        request.META["CONTENT_LENGTH"] = str(_length_of(body))
        return (self._of_programs if _is_of_a_program(scope) else self).answer_to(request)

    def answer_to(self, request: ASGIRequest) -> Answer:
        signals.request_started.send(sender=self.__class__, scope=request.scope)
        response = self.get_response(request)
        vars(response)["_handler_class"] = self.__class__  # the sender of request_finished
        return _answer(request, response, response.close)


class _ProgramsHandler(_Resolving):
    """For calls of the API without a cookie, behind which there is no session. There are very many of them.

    Django's signals of a request are not sent, which takes longer than what Django itself does at them; and what its
    middlewares add to every answer stands ready.
    """

    def __init__(self, middleware: Sequence[str]) -> None:
        super().__init__()
        hooks: tuple[list[Any], ...] = ([], [], [])  # none of these middlewares has any
        self._view_middleware, self._template_response_middleware, self._exception_middleware = hooks
        chain = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for name in reversed(middleware):
            chain = convert_exception_to_response(import_string(name)(chain))
        self._middleware_chain = chain
        self._standing = StandingHeaders()

    def answer_to(self, request: ASGIRequest) -> Answer:
        if not connection.in_atomic_block:  # which is shared by several requests
            close_old_connections()
        response = self.get_response(request)
        standing = self._standing.of(response)
        answer = _answer(request, response, response.close if response.streaming else request.close)
        answer.headers.extend(standing)
        return answer


def shares_commit(scope: Message, body: IO[bytes]) -> bool:
    """Whether a request may share its transaction with others: a program's call to a view that says
    `shares_commit = True`.

    Such a view writes little, waits for nobody, and does the same once more when nothing of it has happened. So the
    request has to be short, too: it came in one part.
    """
    if scope["method"] != "POST" or not isinstance(body, BytesIO) or not _is_of_a_program(scope):
        return False
    try:
        view: Any = resolved(_path_of(scope).rstrip("/")).func
    except Resolver404:
        return False
    return getattr(getattr(view, "cls", None), "shares_commit", False)


def _to_be_closed(body: IO[bytes]) -> IO[bytes]:
    """What Django may read and close: a request that came in one part may have to be answered once more."""
    return BytesIO(body.getvalue()) if isinstance(body, BytesIO) else body


def _is_of_a_program(scope: Message) -> bool:
    """A browser sends cookies, or says which site's page it is that asks."""
    return _path_of(scope).startswith(API_PREFIX) and not any(name in _OF_BROWSERS for name, _ in scope["headers"])


def _path_of(scope: Message) -> str:
    """Without the path under which a proxy publishes the server."""
    path: str = scope["path"]
    return path.removeprefix(get_script_prefix(scope))


def _answer(request: ASGIRequest, response: HttpResponseBase, close: Callable[[], None]) -> Answer:
    """`close` is called, except of what is still to be sent: whoever sends it closes it."""
    without_body = request.method == "HEAD" or response.status_code in BODYLESS
    if response.streaming and not without_body and not _is_short(response):
        return Answer(response.status_code, _headers_of(response), b"", response)
    try:
        if without_body:
            data = b""
        elif response.streaming:
            data = b"".join(response)
        else:
            data = response.content  # type: ignore[attr-defined]
        return Answer(response.status_code, _headers_of(response), data)
    finally:
        close()


def _length_of(body: IO[bytes]) -> int:
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return length


def _headers_of(response: HttpResponseBase) -> Headers:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers.extend((b"Set-Cookie", morsel.OutputString().encode("ascii")) for morsel in response.cookies.values())
    return headers


def _is_short(response: HttpResponseBase) -> bool:
    length = response.get("Content-Length", "")
    return length.isdigit() and int(length) <= JOIN_UP_TO_BYTES
