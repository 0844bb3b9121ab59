"""Which lines of a log the address asks for, and where in them it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from orchestrator.pages.identifiers import whole_identifier
from runs.models import TaskRun
from runs.models.logs import WARNING, LogQuerySet
from runs.pages.logs.patterns import Needle, PatternRefused, read_needle

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
TIMES = {"": "Time of day", "utc": "UTC", "start": "Since the start"}
LONGEST_WINDOW = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A level means that level and all that is worse; an unreadable value asks nothing.

    `task` is the identifier of a task run, or the key of a task for all its runs. `since` and `until` are the limits
    of a window of time, the second one left out.
    """

    level: str = ""
    text: str = ""
    task: str = ""
    logger: str = ""
    attempt: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    needle: Needle | None = None
    problem: str = ""  # why the text is not searched
    run_id: UUID | None = None  # of the flow run, whose tasks a key names

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], *, begin: datetime | None = None, run_id: UUID | None = None
    ) -> LogFilter:
        """`t0` and `t1` of the query are seconds since `begin`, as the timeline counts them."""
        level, text = query.get("level", "").lower(), query.get("q", "").strip()
        attempt = query.get("attempt", "")
        needle, problem = _needle(text)
        return cls(
            level=level if level in LEVELS else "",
            text=text,
            task=query.get("task", "").strip(),
            logger=query.get("logger", "").strip(),
            attempt=int(attempt) if attempt.isascii() and attempt.isdigit() and len(attempt) < 6 else None,
            since=_moment(query.get("t0", ""), begin),
            until=_moment(query.get("t1", ""), begin),
            needle=needle,
            problem=problem,
            run_id=run_id,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.level or self.needle or self.is_of_a_part)

    @property
    def is_of_a_part(self) -> bool:
        """Whether the lines of some task, logger, attempt or window of time are asked for."""
        return bool(self.task or self.logger or self.since or self.until)

    @property
    def expression(self) -> Needle | None:
        """What has to be matched line by line, because the database does not."""
        return self.needle if self.needle and self.needle.is_expression else None

    @property
    def task_id(self) -> UUID | None:
        return whole_identifier(self.task)

    def without_needle(self, problem: str) -> LogFilter:
        """As if nothing were searched for, with the words that say why."""
        return replace(self, needle=None, problem=problem)

    def of_any_level(self) -> LogFilter:
        return replace(self, level="")

    def of_any_text(self) -> LogFilter:
        return replace(self, text="", needle=None)

    def by_indexes(self) -> LogFilter:
        """What of it the database answers without looking at each line."""
        level = self.level if self.level and LEVELS[self.level] >= WARNING else ""
        return replace(self, level=level, text="", needle=None, task=self.task if self.task_id else "", logger="")

    def within(self, since: datetime | None, until: datetime | None) -> LogFilter:
        """With limits of time; of two limits the narrower counts."""
        since = max((one for one in (since, self.since) if one), default=None)
        until = min((one for one in (until, self.until) if one), default=None)
        return replace(self, since=since, until=until)

    def apply(self, logs: LogQuerySet) -> LogQuerySet:
        """All but the expression, of which only its words are looked for."""
        if self.level:
            logs = logs.at_least(LEVELS[self.level])
        if self.needle and self.needle.words:
            logs = logs.filter(message__icontains=self.needle.words)
        if self.task:
            logs = logs.filter(task_run_id=self.task_id) if self.task_id else self._of_task_key(logs)
        if self.logger:
            logs = logs.filter(name=self.logger)
        if self.since:
            logs = logs.filter(timestamp__gte=self.since)
        if self.until:
            logs = logs.filter(timestamp__lt=self.until)
        return logs

    def _of_task_key(self, logs: LogQuerySet) -> LogQuerySet:
        runs = TaskRun.objects.filter(flow_run_id=self.run_id, task_key=self.task)
        return logs.filter(task_run_id__in=runs.values("id"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a window opens: around a line, before a line, or after one. The first that is given counts.

    `end` is an end of the whole log, which `?from=start` and `?before=end` ask for.
    """

    at: UUID | None = None
    before: UUID | None = None
    since: UUID | None = None
    end: Literal["", "start", "end"] = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Place:
        at, before, since = (query.get(name, "") for name in ("at", "before", "from"))
        end: Literal["", "start", "end"] = "start" if since == "start" else "end" if before == "end" else ""
        return cls(whole_identifier(at), whole_identifier(before), whole_identifier(since), end)

    @property
    def is_given(self) -> bool:
        return bool(self.at or self.before or self.since or self.end)


def _needle(text: str) -> tuple[Needle | None, str]:
    try:
        return read_needle(text), ""
    except PatternRefused as refusal:
        return None, str(refusal)


def _moment(text: str, begin: datetime | None) -> datetime | None:
    try:
        seconds = timedelta(seconds=float(text))
        return begin + seconds if begin and abs(seconds) < LONGEST_WINDOW else None
    except (ValueError, OverflowError):
        return None
