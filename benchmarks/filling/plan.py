"""What a filled database holds: how many runs of which kind, of which deployments, and when. The same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.filling.specimens import KINDS, TASKS, Kind
from orchestrator.contract.names import generate_name

DAYS = 85  # less than runs are kept by default
BUSY_SHARE = 0.05  # of the runs began within the last day
TEAMS = 12
STAGES = ("production", "production", "production", "staging", "staging")
# In these hours nothing begins, so that what is asked of "the last day" or "the last seven days" has one right answer
# for as long as they last.
QUIET = timedelta(hours=3)
_LAST_BEGIN = timedelta(minutes=20)  # before the end of a span: longer than any run takes
# Beside all others, however many those are: one of each kind, of some more.
_ALWAYS = dict.fromkeys((kind.name for kind in KINDS), 1) | {"of many tasks": 5, "running": 20, "paused": 3, "late": 5}
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Planned:
    """One copy: `begin` is in microseconds since 1970; `deployment` is its place among all.

    `seconds` is how long it takes; None: as long as its specimen.
    """

    number: int
    kind: Kind
    deployment: int
    begin: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """About `task_runs` task runs, and a tenth of that many flow runs, of so many `deployments` up to `until`."""

    task_runs: int
    deployments: int
    until: datetime

    @property
    def copies(self) -> int:
        weights = {kind.name: kind.weight for kind in KINDS}
        flow_runs_of_thousand = sum(weights.values()) + weights["with a subflow"]
        return max(100, self.task_runs * 1000 // (TASKS * flow_runs_of_thousand))

    @property
    def since_last_day(self) -> datetime:
        return self.until - timedelta(days=1)

    @property
    def since_last_week(self) -> datetime:
        return self.until - timedelta(days=7)

    @property
    def teams(self) -> list[str]:
        return [f"team-{number}" for number in range(min(TEAMS, self.deployments))]

    def tags_of(self, deployment: int) -> tuple[str, str]:
        return f"team-{deployment % TEAMS}", STAGES[deployment // TEAMS % len(STAGES)]

    def __iter__(self) -> Iterator[Planned]:
        """In the order in which they begin, but for those that have not ended."""
        chosen = [kind for kind in KINDS for _ in range(kind.weight)]
        copies, until = self.copies, _microseconds(self.until)
        busy = int(copies * BUSY_SHARE)
        past = (until - _hours(DAYS * 24), until - _hours(7 * 24) - _span(_LAST_BEGIN))
        week = (until - _hours(7 * 24) + _span(QUIET), until - _hours(24) - _span(_LAST_BEGIN))
        day = (until - _hours(24) + _span(QUIET), until - _span(_LAST_BEGIN))
        of_week = int((copies - busy) * (week[1] - week[0]) / (week[1] - week[0] + past[1] - past[0]))
        number = 0
        for count, (first, last) in ((copies - busy - of_week, past), (of_week, week), (busy, day)):
            step = (last - first) / max(1, count)
            for place in range(count):
                number += 1
                chance = _mixed(number)
                kind = chosen[chance % 1000]
                share = (chance >> 10) % 1000 / 1000
                begin = int(first + step * (place + share * 0.9))
                seconds = _between(kind, ((chance >> 20) % 1000 / 1000) ** 2)
                often = ((chance >> 30) % 10_000 / 10_000) ** 2  # some deployments run more often than others
                yield Planned(number, kind, int(often * self.deployments), begin, seconds)
        kinds = {kind.name: kind for kind in KINDS}
        for name, count in _ALWAYS.items():
            for _ in range(count):
                number += 1
                kind = kinds[name]
                begin = until - _span(_LAST_BEGIN) - number % 1000 * 100_000
                yield Planned(number, kind, number % self.deployments, begin, _between(kind, 0.0))

    def has_logs(self, planned: Planned) -> bool:
        return planned.kind.always_logs or planned.number > self.copies * 0.98

    def has_events(self, planned: Planned) -> bool:
        return planned.number > self.copies * 0.99


def run_names() -> list[str]:
    """Made as the server makes them, to be taken in turn."""
    state = random.getstate()
    random.seed(7)
    names = list(dict.fromkeys(generate_name() for _ in range(4_000)))
    random.setstate(state)
    return names


def _between(kind: Kind, share: float) -> float | None:
    return None if kind.shortest is None else kind.shortest + (kind.longest - kind.shortest) * share


def _mixed(number: int) -> int:
    """Digits without a pattern, the same for the same number (splitmix64)."""
    mixed = (number * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _span(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _hours(number: float) -> int:
    return _span(timedelta(hours=number))
