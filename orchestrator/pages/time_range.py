"""The stretch of time that a list shows: the last hours or days, or between two moments, as its address says.

`?range=24h` counts back from now (a number and m, h, d or w). `?from=…&to=…` are moments, either may be missing;
without an offset they are in the zone `?tz=…`, and in UTC without that, so that an address shows everybody the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from orchestrator.contract.times import to_utc

PRESETS = {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "all": "Any time",
}
PARAMETERS = ("range", "from", "to", "tz")
_RELATIVE = re.compile(r"([1-9]\d{0,3})([mhdw])")
_UNITS = {"m": ("minutes", "minute"), "h": ("hours", "hour"), "d": ("days", "day"), "w": ("weeks", "week")}
_DATE_LENGTH = len("2026-11-21")
_YEARS = range(1970, 9999)
# What stands for a place in a list or for a part of a page, and means nothing in another stretch of time.
_PLACES = ("fragment", "after", "before", "older", "newer", "page")


@dataclass(frozen=True, slots=True)
class TimeRange:
    key: str  # "24h", "all"; "" between two moments
    since: datetime | None  # included; None: from the beginning
    until: datetime | None  # excluded; None: until now and beyond
    words: str  # "Last 24 hours", "20 Nov 10:00 – 21 Nov 12:00"
    warnings: tuple[str, ...]  # what the address asks for and nobody understands
    now: datetime

    @classmethod
    def from_query(cls, query: QueryDict, usual: str = "24h", *, now: datetime | None = None) -> TimeRange:
        now = now or timezone.now()
        key = query.get("range", "").strip()
        if key:
            if key in PRESETS or _RELATIVE.fullmatch(key):
                return _counted_back(key, now)
            return _counted_back(usual, now, f"There is no range {key[:40]}: a range looks like 15m, 24h or 7d.")
        warnings: list[str] = []
        zone = _zone(query.get("tz", ""), warnings)
        since = _moment(query.get("from", ""), zone, warnings)
        until = _moment(query.get("to", ""), zone, warnings, is_end=True)
        if since is None and until is None:
            return _counted_back(usual, now, *warnings)
        if since and until and since > until:
            since, until = until, since
            warnings.append("The range ended before it began, so its ends were exchanged.")
        return cls("", since, until, _words_between(since, until), tuple(warnings), now)

    @property
    def span(self) -> timedelta | None:
        """How long it is; None without a beginning."""
        return (self.until or self.now) - self.since if self.since else None

    @property
    def presets(self) -> list[tuple[str, str]]:
        """What a reader can choose from, with what is chosen."""
        usual = list(PRESETS.items())
        return usual if not self.key or self.key in PRESETS else [(self.key, self.words), *usual]

    def previous_url(self, request: HttpRequest) -> str | None:
        """The address of the stretch of the same length before this one."""
        span = self.span
        if self.since is None or span is None or span <= timedelta(0):  # it begins after now
            return None
        try:
            return self._url(request, self.since - span, self.since)
        except OverflowError:  # before the first year
            return None

    def next_url(self, request: HttpRequest) -> str | None:
        """The address of the stretch that follows; None where this one reaches to now."""
        span = self.span
        if self.until is None or span is None or self.until >= self.now:
            return None
        return self._url(request, self.until, self.until + span)

    def _url(self, request: HttpRequest, since: datetime, until: datetime) -> str | None:
        if since.year not in _YEARS or until.year not in _YEARS:
            return None
        return url_between(request, since, until)


def url_between(request: HttpRequest, since: datetime | None, until: datetime) -> str:
    """The address of this page between two moments, or of all that was before; the rest of its filter stays."""
    query = request.GET.copy()
    for gone in (*PARAMETERS, *_PLACES):
        query.pop(gone, None)
    if since is not None:
        query["from"] = _in_address(since)
    query["to"] = _in_address(until)
    return f"?{query.urlencode(safe=':')}"


def _counted_back(key: str, now: datetime, *warnings: str) -> TimeRange:
    since = None
    words = PRESETS.get(key)
    if match := _RELATIVE.fullmatch(key):
        number, (many, one) = int(match[1]), _UNITS[match[2]]
        since = now - timedelta(**{many: number})
        words = words or f"Last {number} {one if number == 1 else many}"
    return TimeRange(key, since, None, words or PRESETS["all"], warnings, now)


def _zone(name: str, warnings: list[str]) -> tzinfo:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        warnings.append(f"There is no time zone {name[:40]}, so times are in UTC.")
        return UTC


def _moment(text: str, zone: tzinfo, warnings: list[str], *, is_end: bool = False) -> datetime | None:
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()  # an unescaped + arrives as a space
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if is_end and len(text) == _DATE_LENGTH:
            moment += timedelta(days=1)  # a day is over when the next begins
        moment = to_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.year not in _YEARS:
        warnings.append(f"{text[:40]} is no time; a time looks like 2026-11-21T18:30.")
        return None
    return moment


def _in_address(moment: datetime) -> str:
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (
        moment.isoformat(
            timespec="milliseconds" if moment.microsecond else "minutes" if not moment.second else "seconds"
        )
        + "Z"
    )


def _words_between(since: datetime | None, until: datetime | None) -> str:
    if since is None:
        return f"Until {_words_of(until)}"
    if until is None:
        return f"Since {_words_of(since)}"
    begin, end = timezone.localtime(since), timezone.localtime(until)
    if begin.date() == end.date():
        return f"{_words_of(since)} – {end:%H:%M}"
    return f"{_words_of(since)} – {_words_of(until)}"


def _words_of(moment: datetime | None) -> str:
    assert moment is not None
    there = timezone.localtime(moment)
    return (
        f"{there.day} {there:%b %Y %H:%M}"
        if there.year != timezone.localtime().year
        else f"{there.day} {there:%b %H:%M}"
    )
