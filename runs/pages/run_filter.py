"""What flow runs can be filtered by, and the runs that a filter and a stretch of time leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThan, LessThan
from django.http import HttpRequest, QueryDict

from orchestrator.contract.states import TERMINAL, StateType
from orchestrator.pages.filters import terms
from orchestrator.pages.filters.selection import Selection, read_selection
from orchestrator.pages.filters.terms import (
    Asked,
    Term,
    Unreadable,
    first_values,
    identifier_begins,
    length_of_time,
    named,
    number,
    one_of,
    text_matches,
)
from orchestrator.pages.identifiers import whole_identifier
from orchestrator.pages.schema_forms import may_tell_secret
from orchestrator.pages.time_range import TimeRange
from orchestrator.rest.lookups import HasTag
from orchestrator.web.row_estimates import is_common
from runs.models import Artifact, Flow, FlowRun, FlowRunTag, Log, TaskRun
from runs.pages.newest import Newest, newest_matching
from runs.pages.run_orders import SecondsBetween
from runs.services.subflows import is_subflow_of

USUAL_RANGE = "7d"
SOON = timedelta(hours=1)  # runs planned for later than this are only listed when scheduled runs are asked for

# Words for the address → how a run is recognised. Some are names of states that mean more than their type.
STATES: dict[str, Q] = {type_.value.lower(): Q(state_type=type_.value) for type_ in StateType}
STATES["late"] = Q(state_name="Late")
STATES["retrying"] = Q(state_name__in=("Retrying", "AwaitingRetry"))
_ENDED = [type_.value for type_ in TERMINAL]
DEPLOYMENTS: Any = FlowRun._meta.get_field("deployment").related_model._default_manager
_QUEUES: Any = FlowRun._meta.get_field("work_queue").related_model._default_manager
MOST_KEYS = 10  # in the path of a parameter


def tagged(rows: Any, run: str) -> Callable[[Asked], Q]:
    """A term for tags: a list is of the runs that have it.

    The runs of a rare one are looked up first. A common one is looked for in each run, and any other in the rows of
    tags. PostgreSQL takes three times as long to find those for each run as to read the tags that stand in it.
    """
    runs = rows.model._meta.get_field(run).related_model

    def match(asked: Asked) -> Q:
        if "*" in asked.text:
            return Q(Exists(rows.filter(text_matches("tag", asked.text), **{run: OuterRef("pk")})))
        if len(ids := first_values(rows.filter(tag=asked.text), run)) <= terms.MOST_NAMED:
            return Q(pk__in=ids)
        if is_common(rows.model, "tag", asked.text, of=runs):
            return Q(HasTag("tags", asked.text))
        return Q(Exists(rows.filter(tag=asked.text, **{run: OuterRef("pk")})))

    return match


def lasted(asked: Asked) -> Q:
    """By the time spent running, of what still runs also that of now."""
    longer, length = length_of_time(asked.text)
    seconds, began = length.total_seconds(), asked.now - length
    runs_since = Q(state_type=StateType.RUNNING)
    if longer:
        return Q(total_run_time__gt=seconds) | (runs_since & Q(state_timestamp__lt=began))
    over = Q(start_time__isnull=False, total_run_time__lt=seconds) & ~runs_since
    return over | (runs_since & Q(total_run_time__lt=seconds, state_timestamp__gt=began))


def began_late(asked: Asked) -> Q:
    """By how long after its time a run began, or still has not begun."""
    longer, length = length_of_time(asked.text)
    waits = Q(start_time__isnull=True) & ~Q(state_type__in=_ENDED)
    began = Q(start_time__isnull=False, expected_start_time__isnull=False)
    seconds = SecondsBetween("start_time", "expected_start_time")
    if longer:
        return (began & Q(GreaterThan(seconds, length.total_seconds()))) | (
            waits & Q(expected_start_time__lt=asked.now - length)
        )
    return (began & Q(LessThan(seconds, length.total_seconds()))) | (
        waits & Q(expected_start_time__gt=asked.now - length)
    )


def started(asked: Asked) -> Q:
    """How long ago: `<2h` within the last two hours."""
    longer, length = length_of_time(asked.text)
    moment = asked.now - length
    # `sort_time` is the same moment, and has an index.
    return Q(start_time__lt=moment, sort_time__lt=moment) if longer else Q(start_time__gt=moment, sort_time__gt=moment)


def went_wrong_with(asked: Asked) -> Q:
    """Part of what is said about an error."""
    text = asked.text.strip("*")
    return Q(error_type__icontains=text) | Q(error_message__icontains=text) | Q(error_frame__icontains=text)


def name_contains(asked: Asked) -> Q:
    """Part of the run's name, or its whole identifier."""
    found = whole_identifier(asked.text)
    return Q(pk=found) if found else Q(name__icontains=asked.text)


def _parameter(asked: Asked) -> Q:
    """A parameter by its path: `param.region:eu`, `param.options.retries:3`. What is secret matches nothing."""
    path = asked.key.split(".")
    *above, last = path
    if len(path) > MOST_KEYS:
        raise Unreadable(f"at most {MOST_KEYS} keys in its path")
    place: Any = "parameters"
    for key in above:
        place = KeyTransform(key, place)
    value = Cast(KeyTextTransform(last, place), TextField())
    found = FlowRun.objects.alias(asked_parameter=value).filter(
        text_matches("asked_parameter", asked.text), pk=OuterRef("pk")
    )
    return Q(Exists(found)) & ~Q(deployment__in=_deployments_hiding(path))


def _deployments_hiding(path: list[str]) -> list[UUID]:
    """Whose schema calls secret what stands at this path, or something around it or in it."""
    text = Cast("parameter_openapi_schema", TextField())
    secretive = DEPLOYMENTS.alias(schema_text=text).filter(
        Q(schema_text__contains='"password"') | Q(schema_text__contains='"writeOnly"')
    )
    schemas = secretive.values_list("pk", "parameter_openapi_schema")
    return [pk for pk, schema in schemas if isinstance(schema, dict) and may_tell_secret(schema, path)]


def _parent(asked: Asked) -> Q:
    word = asked.text.lower()
    if word in ("none", "any"):
        return Q(parent_task_run__isnull=word == "none")
    found = whole_identifier(asked.text)
    if found is None:
        raise Unreadable("none, any, or the identifier of a run")
    return is_subflow_of([found])


def _made_by(asked: Asked) -> Q:
    word = asked.text
    if word.lower() == "schedule":
        return Q(auto_scheduled=True) | Q(created_by__type="SCHEDULE")
    return Q(created_by__type__iexact=word) | Q(created_by__display_value__iexact=word)


_HAS = {
    "warnings": Q(Exists(Log.objects.filter(flow_run_id=OuterRef("pk"), level__gte=30, level__lt=40))),
    "errors": Q(Exists(Log.objects.filter(flow_run_id=OuterRef("pk")).at_least(40))),
    "artifacts": Q(Exists(Artifact.objects.filter(flow_run_id=OuterRef("pk")))),
    "subflows": Q(Exists(TaskRun.objects.filter(flow_run=OuterRef("pk"), child_flow_runs__isnull=False))),
    "retries": Q(run_count__gt=1),
}

TERMS = (
    Term("state", "State", one_of(STATES), choices=tuple(STATES)),
    Term("flow", "Flow", named(Flow.objects, "flow"), "* for anything"),
    Term(
        "deployment",
        "Deployment",
        named(DEPLOYMENTS, "deployment", none=True),
        "* for anything, or none",
    ),
    Term("tag", "Tag", tagged(FlowRunTag.objects, "flow_run"), together=True),
    Term("pool", "Work pool", named(_QUEUES, "work_queue", name="work_pool__name", identifier=False, none=True)),
    Term("queue", "Work queue", named(_QUEUES, "work_queue", none=True)),
    Term("dur", "Duration", lasted, ">5m", together=True, reads_all=True),
    Term("late", "Late by", began_late, ">10m", together=True, reads_all=True),
    Term("started", "Started", started, "<2h", together=True),
    Term("error", "Error", went_wrong_with, "part of its text", reads_all=True),
    Term("fingerprint", "Kind of error", lambda asked: Q(error_fingerprint=asked.text)),
    Term("has", "Has", one_of(_HAS), choices=tuple(_HAS), together=True, reads_all=True),
    Term("parent", "Parent", _parent, "none, any, or a run"),
    Term("by", "Created by", _made_by, "schedule, or a name", reads_all=True),
    Term("tries", "Tries", number("run_count"), ">1", together=True, reads_all=True),
    Term("version", "Version", lambda asked: text_matches("flow_version", asked.text), reads_all=True),
    Term("id", "Identifier", identifier_begins("id")),
    Term("param.", "Parameter", _parameter, together=True, reads_all=True),
)
# What stays a separate field: its rare ones are written in the line.
RARE = ("fingerprint", "tries", "version", "parent", "id")
WORDS = Term("q", "Name or id", name_contains, together=True, reads_all=True)


def read_run_filter(request: HttpRequest, now: datetime) -> Selection:
    return read_selection(request.GET, request.path, TERMS, WORDS, now=now, beside=("views",))


def read_range(query: QueryDict, now: datetime) -> TimeRange:
    return TimeRange.from_query(query, USUAL_RANGE, now=now)


def milliseconds_between_reads(wanted: Selection, range_: TimeRange) -> int:
    """How often an open list is read again at most: seldom where that means to look at very many rows."""
    if wanted.is_narrowed and range_.since is None:
        return 10_000
    return 5_000 if wanted.reads_all else 1_000


def shows_subflows(query: QueryDict) -> bool:
    return query.get("subflows") == "1" or "parent" in query or "id" in query


def runs_in_range(wanted: Selection, range_: TimeRange, sort: str, now: datetime) -> Newest:
    """The runs that match in everything but their state, subflows too, each with its `sort_time`, newest first."""
    if range_.until is not None:
        runs = runs_since(range_.since).filter(sort_time__lt=range_.until)
    else:
        runs = runs_since(range_.since, None if "scheduled" in wanted.asked("state") else now + SOON)
    return newest_matching(runs, wanted, sort)


def runs_since(since: datetime | None, last: datetime | None = None) -> Any:
    """Each with its `sort_time`, newest first; of those that are planned none for later than `last`."""
    runs: Any = FlowRun.objects.newest_first()
    if since is not None:
        runs = runs.filter(sort_time__gte=since)
    return runs if last is None else runs.filter(sort_time__lte=last)


def matching_runs(query: QueryDict, path: str = "", *, now: datetime) -> Any:
    """All flow runs that an address of the list shows, on all its pages."""
    wanted = read_selection(query, path, TERMS, WORDS, now=now)
    found = runs_in_range(wanted, read_range(query, now), query.get("sort", ""), now)
    runs = found.rows.filter(wanted.by_term.get("state", Q()))
    return runs if shows_subflows(query) else runs.top_level()
