"""What can be said of a run besides its parameters: its name, when it begins, its tags, queue and retries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import QueryDict

from deployments.models import Deployment, WorkQueue
from orchestrator.contract.states import State, StateType
from orchestrator.contract.times import format_time, now, parse_time
from orchestrator.pages.schema_forms import Answer, Form, build_form, read_form

PREFIX = "o"
NOW, AT, AFTER = "now", "at a time", "after a while"
_QUESTIONS = (("at", AT, "When is it to begin?"), ("minutes", AFTER, "After how many minutes?"))
MOST_MINUTES = 365 * 24 * 60
MOST_RETRIES = 1_000
MOST_QUEUES = 200  # that are offered


@dataclass(frozen=True, slots=True)
class Options:
    """As they were asked for; what is None is left to the deployment."""

    name: str | None
    state: State
    tags: list[str]
    queue: str | None
    policy: dict[str, Any]

    @property
    def begins(self) -> str:
        """When, in the words of the contract."""
        return str(self.state.details["scheduled_time"])


def option_schema(deployment: Deployment) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "name": {
            "type": "string",
            "title": "Run name",
            "maxLength": 200,
            "description": "One is made up if it is empty.",
        },
        "when": {"enum": [NOW, AT, AFTER], "title": "Begins", "default": NOW},
        "at": {"type": "string", "format": "date-time", "title": "At this time"},
        "minutes": {
            "type": "number",
            "title": "After so many minutes",
            "exclusiveMinimum": 0,
            "maximum": MOST_MINUTES,
        },
        "tags": {
            "type": "array",
            "title": "Further tags",
            "items": {"type": "string"},
            "description": f"Besides those of the deployment: {', '.join(deployment.tags) or 'it has none'}.",
        },
    }
    queue = deployment.work_queue
    if queue is not None:
        rows = WorkQueue.objects.filter(work_pool=queue.work_pool_id).order_by("priority")
        queues = list(rows.values_list("name", flat=True)[:MOST_QUEUES])
        properties["queue"] = {
            "enum": queues if queue.name in queues else [queue.name, *queues],
            "title": f"Queue of the pool {queue.work_pool.name}",
            "default": queue.name,
        }
        if queue.work_pool.is_celery:
            properties["retries"] = {
                "type": "integer",
                "title": "Retries",
                "minimum": 0,
                "maximum": MOST_RETRIES,
                "description": "As the flow says, if it is empty.",
            }
            properties["retry_delay"] = {
                "type": "number",
                "title": "Seconds before each retry",
                "minimum": 0,
                "maximum": MOST_MINUTES * 60,
            }
    return {"type": "object", "properties": properties}


def option_form(deployment: Deployment, answer: Answer | None = None, values: dict[str, Any] | None = None) -> Form:
    return build_form(option_schema(deployment), values, prefix=PREFIX, answer=answer)


def read_options(deployment: Deployment, posted: QueryDict) -> Answer:
    answer = read_form(option_schema(deployment), posted, PREFIX)
    if answer.wants != "submit":
        return answer
    values = answer.values
    for name, when, question in _QUESTIONS:
        if values.get("when", NOW) != when:  # its field is not even shown
            values.pop(name, None)
            answer.errors.pop((name,), None)
        elif name not in values and not answer.errors:
            answer.errors[(name,)] = [question]
    if values.get("retry_delay") is not None and not values.get("retries") and not answer.errors:
        answer.errors[("retries",)] = ["How many retries are there?"]
    return answer


def options_of(answer: Answer) -> Options:
    """Of an answer that is good."""
    values = answer.values
    begins = now()
    if values.get("when") == AT:
        begins = parse_time(values["at"])
    elif values.get("when") == AFTER:
        begins += timedelta(minutes=values["minutes"])
    policy = {key: values[key] for key in ("retries", "retry_delay") if values.get(key) is not None}
    return Options(
        name=values.get("name") or None,
        state=State(StateType.SCHEDULED, details={"scheduled_time": format_time(begins)}),
        tags=list(dict.fromkeys(values.get("tags") or [])),
        queue=values.get("queue"),
        policy=policy,
    )
