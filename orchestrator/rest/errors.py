"""Every way in which the API says no, in the shapes that clients of the contract read.

Apps register how their own named errors are answered, with `answer_with`; views just let them pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.http import Http404
from pydantic import ValidationError
from rest_framework import exceptions, status
from rest_framework.views import set_rollback

from orchestrator.rest.json import JsonAnswer

logger = logging.getLogger("orchestrator.rest")

# What SQLite says of a statement that is too large for it, today and tomorrow.
_TOO_MUCH = ("too many SQL variables", "Expression tree is too large", "parser stack overflow")
BUSY_SECONDS = 1  # after which a client that met a busy database should ask again


class Refused(Exception):
    """The request is understood and cannot be fulfilled: answered as `{"detail": …}` with this status."""

    status = status.HTTP_400_BAD_REQUEST

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status or type(self).status


class NotFound(Refused):
    status = status.HTTP_404_NOT_FOUND


class Conflict(Refused):
    status = status.HTTP_409_CONFLICT


class Unprocessable(Refused):
    """A value that is well formed and still cannot be used."""

    status = status.HTTP_422_UNPROCESSABLE_ENTITY


class InvalidBody(Exception):
    """The body does not fit its model. Carries what pydantic found and what was sent."""

    def __init__(self, errors: list[dict[str, Any]], sent: Any) -> None:
        super().__init__("Invalid request received.")
        self.errors = errors
        self.sent = sent

    @classmethod
    def from_validation(cls, error: ValidationError, sent: Any, *, beside: bool = False) -> InvalidBody:
        """`beside`: the keys stand beside each other and are no object, so a missing one has nothing around it."""
        found = [{**item, "loc": ["body", *item["loc"]]} for item in found_by(error)]
        for item in found:
            if beside and item["type"] == "missing" and len(item["loc"]) == 2:
                item["input"] = None
        return cls(found, sent)


def found_by(error: ValidationError) -> list[dict[str, Any]]:
    """Each thing that is wrong, with `ctx` where there is one. An error in it has no JSON; its words are in `msg`."""
    found: list[dict[str, Any]] = []
    for item in error.errors(include_url=False):
        one: dict[str, Any] = {**item}
        if "ctx" in one:
            one["ctx"] = {key: {} if isinstance(value, Exception) else value for key, value in one["ctx"].items()}
        found.append(one)
    return found


_answers: dict[type[Exception], tuple[int, str, str | None]] = {}


def answer_with(error: type[Exception], status: int, *, key: str = "detail", text: str | None = None) -> None:
    """From now on answer `error` and its subclasses with `{key: text}`; `text` None means the error's own message."""
    _answers[error] = (status, key, text)


def answer_error(error: Exception, context: dict[str, Any]) -> JsonAnswer | None:
    """DRF's exception handler: the whole table of error answers."""
    set_rollback()
    for kind in type(error).__mro__:
        registered = _answers.get(kind)
        if registered is not None:
            code, key, text = registered
            return JsonAnswer({key: text or str(error)}, code)
    for kinds, answer in _TABLE:
        if isinstance(error, kinds):
            return answer(error)
    logger.exception("%s %s failed", context["request"].method, context["request"].path, exc_info=error)
    return JsonAnswer({"exception_message": "Internal Server Error"}, status.HTTP_500_INTERNAL_SERVER_ERROR)


def _refused(error: Any) -> JsonAnswer:
    return JsonAnswer({"detail": error.detail}, error.status)


def _invalid(error: Any) -> JsonAnswer:
    body = {"exception_message": str(error), "exception_detail": error.errors, "request_body": error.sent}
    return JsonAnswer(body, status.HTTP_422_UNPROCESSABLE_ENTITY)


def _unauthorized(error: Any) -> JsonAnswer:
    # Clients look for this word to tell a bad password from a server that is away.
    return JsonAnswer(
        {"exception_message": "Unauthorized"}, status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Basic"}
    )


def _busy(error: Any) -> JsonAnswer:
    if connection.vendor == "sqlite" and str(error).startswith(_TOO_MUCH):
        return JsonAnswer(
            {"detail": "The request names too many values at once."}, status.HTTP_422_UNPROCESSABLE_ENTITY
        )
    logger.warning("The database could not be used, so the client is told to ask again: %s", error)
    body = {"exception_message": "Service Unavailable"}
    return JsonAnswer(body, status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": str(BUSY_SECONDS)})


def _known_to_framework(error: Any) -> JsonAnswer:
    detail = error.detail if isinstance(error.detail, str) else str(error.detail)
    if error.status_code == status.HTTP_405_METHOD_NOT_ALLOWED:
        detail = "Method Not Allowed"
    return JsonAnswer({"detail": detail}, error.status_code)


_TABLE: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], JsonAnswer]], ...] = (
    (Refused, _refused),
    (InvalidBody, _invalid),
    (Http404, lambda error: JsonAnswer({"detail": "Not Found"}, status.HTTP_404_NOT_FOUND)),
    (PermissionDenied, lambda error: JsonAnswer({"detail": str(error) or "Forbidden"}, status.HTTP_403_FORBIDDEN)),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), _unauthorized),
    (exceptions.ParseError, lambda error: _invalid(_not_json(error))),
    (exceptions.APIException, _known_to_framework),
    # More keys in an address than anybody needs, and the like.
    (SuspiciousOperation, lambda error: JsonAnswer({"detail": "The request cannot be understood."}, 400)),
    (DataError, lambda error: _cannot_be_stored()),
    (OverflowError, lambda error: _overflow(error)),
    (IntegrityError, lambda error: JsonAnswer({"detail": _conflict_text(error)}, status.HTTP_409_CONFLICT)),
    ((OperationalError, InterfaceError), _busy),
    (DatabaseError, lambda error: _database_fault(error)),
)


def _not_json(error: Any) -> InvalidBody:
    position, reason = getattr(error, "position", 0), getattr(error, "reason", str(error.detail))
    found = {"loc": ["body", position], "msg": "JSON decode error", "input": {}, "ctx": {"error": reason}}
    return InvalidBody([{"type": "json_invalid", **found}], getattr(error, "text", None))


def _conflict_text(error: IntegrityError) -> str:
    foreign = "foreign key" in str(error).lower()
    return "A referenced object does not exist." if foreign else "An object with these unique values already exists."


def _cannot_be_stored() -> JsonAnswer:
    return JsonAnswer({"detail": "A value cannot be stored."}, status.HTTP_422_UNPROCESSABLE_ENTITY)


def _overflow(error: OverflowError) -> JsonAnswer:
    """An integer of more than 64 bits is no DataError on SQLite: its driver refuses it before the database is asked."""
    if "SQLite INTEGER" in str(error):
        return _cannot_be_stored()
    logger.error("A number became too large", exc_info=error)
    return JsonAnswer({"exception_message": "Internal Server Error"}, status.HTTP_500_INTERNAL_SERVER_ERROR)


def _database_fault(error: DatabaseError) -> JsonAnswer:
    logger.error("The database refused a request", exc_info=error)
    return JsonAnswer({"exception_message": "Internal Server Error"}, status.HTTP_500_INTERNAL_SERVER_ERROR)
