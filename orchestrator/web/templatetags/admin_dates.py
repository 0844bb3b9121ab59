"""`{% load admin_dates %}`: the way to a year, a month or a day of a list, without a look at the table.

Django's own asks the whole table which days it has; on a large one that takes longer than showing any of it.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from django import template
from django.contrib.admin.views.main import ChangeList
from django.utils import timezone

register = template.Library()

MONTHS = 4  # the newest, which stand beside the years
YEARS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """Where one can go from here; without a link it is where one is."""

    title: str
    link: str | None = None


@register.inclusion_tag("admin/date_hierarchy.html")
def date_ways(changes: ChangeList) -> dict[str, object]:
    """The days of a month, the months of a year, or of all dates the newest."""
    ways = _Ways(changes, timezone.localdate())
    year, month, day = (ways.chosen(part) for part in ("year", "month", "day"))
    if year and month and day:
        back, choices = ways.month(date(year, month, 1)), ways.around(date(year, month, day))
    elif year and month:
        back, choices = ways.year(year), ways.days_of(date(year, month, 1))
    elif year:
        back, choices = Choice("All dates", ways.link()), ways.months_of(year)
    else:
        back, choices = None, ways.newest()
    return {"show": True, "back": back, "choices": choices}


@dataclass(frozen=True, slots=True)
class _Ways:
    """The links of one list. Nothing is offered that lies after `today`."""

    changes: ChangeList
    today: date

    def chosen(self, part: str) -> int:
        text = str(self.changes.params.get(f"{self.changes.date_hierarchy}__{part}", ""))
        return int(text) if text.isdecimal() else 0

    def link(self, **parts: int) -> str:
        field = self.changes.date_hierarchy
        return str(self.changes.get_query_string({f"{field}__{name}": n for name, n in parts.items()}, [f"{field}__"]))

    def year(self, year: int) -> Choice:
        return Choice(str(year), self.link(year=year))

    def month(self, first: date) -> Choice:
        return Choice(f"{first:%B %Y}", self.link(year=first.year, month=first.month))

    def day(self, day: date, title: str = "") -> Choice:
        return Choice(title or f"{day:%B} {day.day}", self.link(year=day.year, month=day.month, day=day.day))

    def newest(self) -> list[Choice]:
        months = [date(self.today.year, self.today.month, 1)]
        while len(months) < MONTHS:
            months.append((months[-1] - timedelta(days=1)).replace(day=1))
        yesterday = self.today - timedelta(days=1)
        return [
            self.day(self.today, "Today"),
            self.day(yesterday, "Yesterday"),
            *[self.month(month) for month in months],
            *[self.year(self.today.year - ago) for ago in range(YEARS)],
        ]

    def months_of(self, year: int) -> list[Choice]:
        firsts = [date(year, number, 1) for number in range(1, 13)]
        return [self.month(first) for first in firsts if first <= self.today or first.year > self.today.year]

    def days_of(self, first: date) -> list[Choice]:
        days = [first.replace(day=number) for number in range(1, monthrange(first.year, first.month)[1] + 1)]
        return [self.day(day) for day in days if day <= self.today or first > self.today]

    def around(self, day: date) -> list[Choice]:
        before, after = day - timedelta(days=1), day + timedelta(days=1)
        here = [self.day(before), Choice(f"{day:%A}, {day:%B} {day.day}")]
        return [*here, self.day(after)] if after <= self.today else here
