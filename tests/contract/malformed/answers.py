"""What the API may answer to whatever it is asked: the table of the contract, and nothing beside it."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

from django.urls import resolve
from pydantic import BaseModel, ConfigDict, TypeAdapter

from deployments.api.plan_shapes import DeploymentsApplied
from orchestrator.rest.answering import declared_answers
from orchestrator.rest.schema import InvalidRequest
from tests.contract.malformed.asking import Answered, Asked

LONGEST_SECONDS = 15.0
LONGEST_WORK_SECONDS = 3.0


class Detail(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    detail: str


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    exception_message: str


class RefusedPlan(DeploymentsApplied):
    """Every problem is named, not the first alone."""

    detail: str


# What clients read of each refusal.
SHAPES: dict[int, tuple[type[BaseModel], ...]] = {
    400: (Detail,),
    401: (Message,),
    403: (Detail,),
    404: (Detail, Message),
    405: (Detail,),
    409: (Detail, RefusedPlan),
    410: (Detail,),
    413: (Detail,),
    422: (InvalidRequest, Detail),
    423: (Detail,),
}


def faults_of(asked: Asked, answer: Answered) -> list[str]:
    """What is wrong with the answer, in words."""
    faults = []
    if answer.work_seconds > LONGEST_WORK_SECONDS or answer.seconds > LONGEST_SECONDS:
        faults.append(f"it took {answer.seconds:.1f} s, of which {answer.work_seconds:.1f} s were work")
    if answer.status >= 400:
        faults += _faults_of_refusal(asked, answer)
    else:
        faults += _faults_of_success(asked, answer)
    return faults


def _faults_of_refusal(asked: Asked, answer: Answered) -> list[str]:
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return [f"{answer.status} is no JSON but {answer.headers.get('content-type')}"]
    value = answer.json()
    if answer.status == 422 and "error" in value and asked.address.endswith("/templates/validate"):
        return []  # the fault in the template is what was asked for
    if not any(_fits(shape, value) for shape in SHAPES.get(answer.status, ())):
        return [f"{answer.status} is not answered so: {str(value)[:300]}"]
    return []


def _faults_of_success(asked: Asked, answer: Answered) -> list[str]:
    declared = _declared(asked)
    if answer.status not in declared:
        return [f"{answer.status} is not declared"]
    kind = declared[answer.status]
    if kind is None:
        return ["the body is not empty"] if answer.body else []
    if answer.headers["content-type"].startswith("application/json"):
        try:
            _adapter(kind).validate_json(answer.body)
        except ValueError as error:
            return [f"{answer.status} is answered otherwise than declared: {str(error)[:500]}"]
    return []


def _declared(asked: Asked) -> dict[int, Any]:
    """Of the view that answered: a strange address may lead elsewhere than its operation."""
    match = resolve(f"/api{unquote(asked.address)}".rstrip("/"))
    return declared_answers(match.func.view_class(**match.func.view_initkwargs), asked.method)


def _fits(shape: type[BaseModel], value: Any) -> bool:
    try:
        shape.model_validate(value)
    except ValueError:
        return False
    return True


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
