"""Errors that people see: what went wrong, where, and what helps, instead of a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from orchestrator.cli.exits import FAILED, NOT_ALLOWED, NOT_FOUND, UNREACHABLE, Ended

if TYPE_CHECKING:
    from orchestrator.sdk.errors import ApiError

P = ParamSpec("P")
R = TypeVar("R")


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Show what the SDK raises as a message, and end with the exit code that says which kind it was."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from orchestrator.sdk.errors import OrchestratorError

        try:
            return command(*args, **kwargs)
        except OrchestratorError as error:
            raise in_plain_words(error) from None

    return call


def in_plain_words(error: Exception) -> Ended:
    """What to tell people of an error of the SDK."""
    from orchestrator.sdk.errors import ApiError, ServerUnreachable

    if isinstance(error, ServerUnreachable):
        return Ended(
            f"{error}. Start a server with `orchestrator server start`, or say where it is: "
            "`orchestrator config set API_URL=…`.",
            code=UNREACHABLE,
        )
    if isinstance(error, ApiError):
        return _answered(error)
    return Ended(str(error))


def _answered(error: ApiError) -> Ended:
    if isinstance(error.body, str):  # it is no JSON, so it is not the API that answered
        return Ended(str(error), code=NOT_ALLOWED if error.status in {401, 403} else FAILED)
    said = _reasons(error.body)
    if error.status == 401:
        return Ended(
            f"The server does not know who you are ({said}). Give a key: `orchestrator config set API_KEY=…`; "
            "one is made on the server with `orchestrator api-key create NAME`.",
            code=NOT_ALLOWED,
        )
    if error.status == 403:
        return Ended(f"Not allowed: {said}", code=NOT_ALLOWED)
    if error.status == 404:
        # What the API says of an address that it has not is less than the address.
        return Ended(str(error) if said.lower().startswith("not found") else f"Not found: {said}", code=NOT_FOUND)
    if error.status in {400, 409, 410, 422}:
        return Ended(f"The server refused: {said}")
    if error.status >= 500:
        return Ended(f"The server failed ({error}); its log says more.")
    return Ended(str(error), code=FAILED)


def _reasons(body: Any) -> str:
    """The body of an error as a sentence: a text, or a list of fields with what is wrong with each."""
    if not isinstance(body, dict):
        return str(body)[:2000]
    said = body.get("detail") or body.get("exception_detail") or body.get("exception_message") or body
    if isinstance(said, list):
        said = "; ".join(_field(each) for each in _of_the_form_that_was_meant(said))
    return str(said)[:2000]


def _of_the_form_that_was_meant(troubles: list[Any]) -> list[Any]:
    """Where something may have one of several forms, each form complains. Those that only miss keys were not meant."""
    forms = [each for each in troubles if isinstance(each, dict) and any(map(_is_form, each.get("loc", [])))]
    telling = [each for each in forms if each.get("type") not in {"missing", "extra_forbidden"}]
    return [each for each in troubles if each not in forms or each in telling] if telling else troubles


def _field(trouble: Any) -> str:
    if not isinstance(trouble, dict):
        return str(trouble)
    parts = [part for part in trouble.get("loc", []) if part not in {"body", "query"} and not _is_form(part)]
    place = ".".join(map(str, parts))
    told = str(trouble.get("msg", trouble)).removeprefix("Value error, ")
    return f"{place}: {told}" if place else told


def _is_form(part: object) -> bool:
    """A part of the place that names a form of the value, such as `CronSchedule`, and no key."""
    return isinstance(part, str) and (part[:1].isupper() or "[" in part)
