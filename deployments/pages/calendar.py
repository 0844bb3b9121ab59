"""`/calendar/`: a month of runs, day by day: how those that are past ended, and how many are planned so far.

A day leads to the list of its runs. Both count the same rows by the same filter, so their numbers agree; of a day with
very many the calendar says the least.
"""

from __future__ import annotations

import re
from calendar import Calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from deployments.models import Deployment
from deployments.pages.calendar_counts import MOST_OF_DAY, counts_of_days, within_days
from orchestrator.pages.addresses import address_of
from orchestrator.pages.identifiers import whole_identifier
from orchestrator.pages.looks import TONE_WORDS, TONES
from orchestrator.pages.page import page, render_page
from runs.models import Flow

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BAR_WIDTH = 100.0  # of the day with most runs
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEARS = range(1971, 2200)
_DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Part:
    """The runs of one look on one day. `x` and `width` are those of its piece of the bar."""

    tone: str
    word: str
    number: int
    is_least: bool  # there may be more, which were not counted
    x: float
    width: float

    @property
    def words(self) -> str:
        return f"{number_words(self.number, is_least=self.is_least)} {self.word}"


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    in_month: bool
    is_today: bool
    is_ahead: bool
    parts: tuple[Part, ...]
    total: int
    url: str

    @property
    def is_least(self) -> bool:
        """Whether it may have more than `total`."""
        return self.total >= MOST_OF_DAY

    @property
    def words(self) -> str:
        return ", ".join(part.words for part in self.parts)

    @property
    def total_words(self) -> str:
        what = "planned" if self.is_ahead else "run" if self.total == 1 else "runs"
        return f"{number_words(self.total, is_least=self.is_least)} {what}"


@dataclass(frozen=True, slots=True)
class Whose:
    """The flow, or the deployment, whose runs are shown. `name` is empty unless it is `asked` for by its identifier."""

    kind: str
    asked: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: tuple[tuple[Day, ...], ...]
    total: int
    before: str
    after: str

    @property
    def total_words(self) -> str:
        is_least = any(day.is_least for week in self.weeks for day in week if day.in_month)
        return f"{number_words(self.total, is_least=is_least)} run{'s' if self.total != 1 else ''}"


@require_safe
@page
def calendar(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    month, is_understood = _month_asked(request.GET.get("month", ""), timezone.localtime(now).date())
    context: dict[str, Any] = {
        "now": now,
        "section": "calendar",
        "month": read_month(month, _filter_of(request.GET), now),
        "is_understood": is_understood,
        "weekdays": WEEKDAYS,
        "zone": str(timezone.get_current_timezone()),
        "whose": _whose(request.GET),
        "tag": request.GET.get("tag", ""),
    }
    return render_page(request, "calendar/month.html", context, fragments={"month": "calendar/grid.html"})


def read_month(first: date, query: QueryDict, now: datetime) -> Month:
    """At most two queries. `query` filters as the list of runs does; days are those of the reader's clock."""
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    counts = counts_of_days(weeks[0][0], weeks[-1][-1] + timedelta(days=1), query, now)
    highest = max((sum(found.values()) for found in counts.values()), default=0)
    today = timezone.localtime(now).date()
    days = tuple(tuple(_day(one, first, today, counts.get(one, {}), highest, query) for one in week) for week in weeks)
    return Month(
        first=first,
        weeks=days,
        total=sum(day.total for week in days for day in week if day.in_month),
        before=_url(query, first - timedelta(days=1)),
        after=_url(query, _next_month(first)),
    )


def number_words(number: int, *, is_least: bool) -> str:
    return f"{number:,}+" if is_least else f"{number:,}"


def _day(one: date, first: date, today: date, counts: dict[str, int], highest: int, query: QueryDict) -> Day:
    parts, x, total = [], 0.0, sum(counts.values())
    for tone in TONES:
        number = counts.get(tone, 0)
        if number:
            width = round(max(1.0, BAR_WIDTH * number / highest), 1)
            parts.append(Part(tone, TONE_WORDS[tone], number, total >= MOST_OF_DAY, round(x, 1), width))
            x += width
    return Day(
        date=one,
        in_month=one.month == first.month,
        is_today=one == today,
        is_ahead=one > today,
        parts=tuple(parts),
        total=total,
        url=f"{address_of('runs')}?{within_days(query, one, one + timedelta(days=1)).urlencode(safe=':')}",
    )


def _whose(query: QueryDict) -> list[Whose]:
    """Two queries at most."""
    found = []
    for kind, rows in (("flow", Flow.objects.all()), ("deployment", Deployment.objects.all())):
        asked = query.get(kind, "")
        identifier = whole_identifier(asked)
        name = rows.filter(pk=identifier).values_list("name", flat=True).first() if identifier else None
        found.append(Whose(kind, asked, name or "", address_of(kind, identifier) if name else ""))
    return found


def _filter_of(query: QueryDict) -> QueryDict:
    """What the address says beside the month."""
    kept = query.copy()
    for gone in ("month", "fragment", "from", "to", "range", "tz", "sort", "size", "older", "newer"):
        kept.pop(gone, None)
    return kept


def _month_asked(text: str, today: date) -> tuple[date, bool]:
    match = _MONTH.fullmatch(text.strip())
    if match and int(match[1]) in _YEARS and 1 <= int(match[2]) <= _DECEMBER:
        return date(int(match[1]), int(match[2]), 1), True
    return today.replace(day=1), not text


def _next_month(first: date) -> date:
    return date(first.year + 1, 1, 1) if first.month == _DECEMBER else first.replace(month=first.month + 1)


def _url(query: QueryDict, day: date) -> str:
    asked = query.copy()
    asked["month"] = f"{day:%Y-%m}"
    return f"?{asked.urlencode()}"
