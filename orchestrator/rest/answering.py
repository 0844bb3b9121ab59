"""`@answers(Model, 201)`: what a view's method answers, for the API's schema.

Answers are plain dictionaries and nothing checks them while serving. The tests do: their client holds every answer
against the model that its view declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from orchestrator.rest.taking import Kind, kind_of


class Shape(BaseModel):
    """What an answer looks like: every key is always there, and no others are."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is not JSON, such as `Media("text/csv")`."""

    type: str


def answers(kind: Kind, *statuses: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare what is answered with these statuses, 200 by default; `kind` None is an empty body.

    A function as `kind` is asked with the view, for views that are made for many entities.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        declared: Mapping[int, Kind] = getattr(method, "answers", {})
        method.answers = {**declared, **dict.fromkeys(statuses or (200,), kind)}  # type: ignore[attr-defined]
        return method

    return decorate


def declared_answers(view: Any, method: str) -> dict[int, Any]:
    """Status -> type of the body, as a method of a view such as "post" declares it. Empty when it declares nothing."""
    declared = getattr(getattr(view, method.lower(), None), "answers", {})
    return {status: kind_of(kind, view) for status, kind in declared.items()}
