"""One line of a log as a page shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.safestring import SafeString

from runs.models import Log, TaskRun
from runs.models.logs import LogQuerySet
from runs.pages.logs.filters import LEVELS
from runs.pages.logs.markup import message_html
from runs.pages.logs.patterns import Needle

Clock = Callable[[datetime], str]

CRITICAL = 50


class Line(NamedTuple):  # a page has hundreds, and a frozen dataclass takes four times as long to be made
    id: UUID
    time: datetime
    stamp: str  # as the reader wants times
    level: str  # debug, info, warning or error
    level_word: str
    task: str
    logger: str
    message: str
    html: SafeString
    is_context: bool = False  # it stands beside a line that was found
    is_apart: bool = False  # lines are left out between the one before and this one
    is_early: bool = False  # of a worker, from before the run began

    @property
    def is_folded(self) -> bool:
        return "<details" in self.html

    @property
    def classes(self) -> str:
        names = [self.level] if self.level != "info" else []
        if self.is_context:
            names.append("beside")
        if self.is_apart:
            names.append("apart")
        if self.is_early:
            names.append("early")
        return " ".join(names)


def clock_in(zone: tzinfo = UTC) -> Clock:
    """Tells times of day in a zone."""
    return lambda moment: _of_day(moment.astimezone(zone))


def clock_from(begin: datetime) -> Clock:
    """Tells times as distances from a beginning: `+00:01:02.345`."""

    def tell(moment: datetime) -> str:
        thousandths = round((moment - begin).total_seconds() * 1000)
        seconds, rest = divmod(abs(thousandths), 1000)
        sign = "−" if thousandths < 0 else "+"
        return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"

    return tell


def with_task_names(logs: LogQuerySet) -> LogQuerySet:
    """The name of each line's task run comes along, so that no second question is asked."""
    return logs.annotate(task_name=Subquery(TaskRun.objects.filter(id=OuterRef("task_run_id")).values("name")[:1]))


def task_name_of(row: Log) -> str:
    """Of a row from `with_task_names`; empty for a line that belongs to no task run, or to one that is gone."""
    return getattr(row, "task_name", None) or ""


def lines_of(
    rows: Iterable[Log],
    *,
    clock: Clock,
    needle: Needle | None = None,
    context: Collection[UUID] = (),
    apart: Collection[UUID] = (),
    begin: datetime | None = None,
) -> list[Line]:
    """`rows` come from `with_task_names`; `context` are those beside what was found, `apart` those after a gap.

    `begin` is when the run began, if lines from before that are told apart.
    """
    return [
        Line(
            id=row.id,
            time=row.timestamp,
            stamp=clock(row.timestamp),
            level=level_of(row.level),
            level_word=_word_of(row.level),
            task=task_name_of(row),
            logger=row.name,
            message=row.message,
            html=message_html(row.message, None if row.id in context else needle),
            is_context=row.id in context,
            is_apart=row.id in apart,
            is_early=begin is not None and row.timestamp < begin,
        )
        for row in rows
    ]


@lru_cache(maxsize=200)
def level_of(number: int) -> str:
    return next((name for name, least in reversed(LEVELS.items()) if number >= least), "debug")


def _word_of(number: int) -> str:
    return "CRITICAL" if number >= CRITICAL else level_of(number).upper()


def _of_day(moment: datetime) -> str:
    return moment.time().isoformat("milliseconds")
