"""The same questions to a small server and to a large one, of ten million task runs, both up at once.

Both are filled by `benchmarks.filling`: the small one with 10 thousand task runs of a thousand flow runs, the large one
with `items` of them, and on SQLite a tenth of that. One asks after the other over one connection, and the two take
turns with every request, after both have come to rest and answered each question some times. Every answer is checked:
what was filled in tells the right counts.

Two questions are answered with many rows by the large one and with hardly any by the small one. So that one sees what
the size of the tables costs, the small one is besides asked for `as many`, of any time or state.

A `limit` is what the database takes for the bare rows, or the bare count, that the question asks for, sent by its own
driver.
"""

from __future__ import annotations

import http.client
import json
import re
import sqlite3
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from benchmarks.databases import POSTGRESQL, SQLITE, Database
from benchmarks.row import Figure, Incorrect, Limit, Row, Sample
from benchmarks.servers import home_of, running
from benchmarks.sides import Side, authorization
from benchmarks.stages import wait_until_it_rests
from tests import services

SMALL, LARGE = "small", "large"
TIMES = 30  # that each question is put to each of the two, in one round
PAGE = 200  # runs of one answer
ROWS = 50  # of a list, where nobody asks for more

_SMALL_SHARE = 1_000  # the large one has so many times as much
_LEAST = 1_000  # task runs of the small one
_ON_SQLITE = 10  # there the large one has so many times less
_DEPLOYMENTS = 400
_FILLING_SECONDS = 3_600.0
_READER = "reader"
_TIME = "coalesce(start_time, expected_start_time)"
_FAILED_OF_TEAM = (
    f"FROM runs_flowrun WHERE state_type = 'FAILED' AND {_TIME} BETWEEN '{{since_week}}' AND '{{until}}'"
    " AND EXISTS (SELECT 1 FROM runs_flowruntag WHERE tag = '{team}' AND flow_run_id = runs_flowrun.id)"
)
_HOUR_ON_POSTGRESQL = "date_trunc('hour', expected_start_time)"
_HOUR_ON_SQLITE = "substr(expected_start_time, 1, 13)"
_NEWEST = f"ORDER BY {_TIME} DESC"

Told = Mapping[str, Any]  # what is in a filled database; see `benchmarks.filling.fill`


@dataclass(frozen=True)
class Question:
    """`asked` makes the body, or the address of a page, from what is there and the number of the request.

    `wanted` takes the answer out of what came, and says what it had to be. `as_many` is one to which the small server
    answers about as much as the large one does to this.
    """

    name: str
    path: str
    asked: Callable[[Told, int], Any]
    wanted: Callable[[Told, int, Any], tuple[Any, Any]]
    limit: tuple[str, ...] = ()  # the bare statements
    as_many: Question | None = None

    @property
    def is_page(self) -> bool:
        return not self.path.startswith("/api/")


def _team(told: Told, number: int) -> str:
    teams = list(told["failed_of_week"])
    return str(teams[number % len(teams)])


def _failed_of_team(told: Told, number: int) -> dict[str, Any]:
    return {
        "flow_runs": {
            "state": {"type": {"any_": ["FAILED"]}},
            "tags": {"all_": [_team(told, number)]},
            "start_time": {"after_": told["since_week"], "before_": told["until"]},
        }
    }


def _of_day(key: str, column: str, state: str) -> Callable[[Told, int], dict[str, Any]]:
    def asked(told: Told, number: int) -> dict[str, Any]:
        since = {"after_": told["since_day"], "before_": told["until"]}
        return {key: {"state": {"type": {"any_": [state]}}, column: since}}

    return asked


def _history(told: Told, number: int) -> dict[str, Any]:
    return {"history_start": told["since_day"], "history_end": told["until"], "history_interval_seconds": 3_600}


def _in_history(key: str) -> Callable[[Told, int, Any], tuple[Any, Any]]:
    def wanted(told: Told, number: int, answer: Any) -> tuple[Any, Any]:
        return sum(state["count_runs"] for part in answer for state in part["states"]), sum(told[key].values())

    return wanted


def _run(told: Told, number: int) -> str:
    return str(told["many_tasks"][number % len(told["many_tasks"])])


def _filtered(told: Told, number: int, answer: Any) -> tuple[Any, Any]:
    times = [run["start_time"] for run in answer]
    fits = all(run["state_type"] == "FAILED" and _team(told, number) in run["tags"] for run in answer)
    in_order = times == sorted(times, reverse=True) and all(told["since_week"] <= each for each in times)
    return (len(answer), fits, in_order), (min(PAGE, told["failed_of_week"][_team(told, number)]), True, True)


def _newest_completed(told: Told, number: int, answer: Any) -> tuple[Any, Any]:
    return (len(answer), {run["state_type"] for run in answer}), (min(PAGE, told["runs"]["COMPLETED"]), {"COMPLETED"})


def _said(page: str, pattern: str) -> int | None:
    found = re.search(pattern, page, re.DOTALL)
    return int(found.group(1).replace(",", "")) if found else None


QUESTIONS = (
    Question(
        "dashboard",
        "/",
        lambda told, number: "/?range=24h",
        lambda told, number, page: (
            _said(page, r"Completed</[^0-9]*?>\s*([0-9,]+)"),
            told["top_level_of_day"]["COMPLETED"],
        ),
    ),
    Question(
        "runs page",
        "/runs/",
        lambda told, number: f"/runs/?state=failed&tag={_team(told, number)}&range=7d",
        lambda told, number, page: (
            _said(page, r'data-matching="([0-9,]+)"'),
            told["failed_of_week"][_team(told, number)],
        ),
        limit=(f"SELECT runs_flowrun.* {_FAILED_OF_TEAM} {_NEWEST} LIMIT {ROWS}", f"SELECT count(*) {_FAILED_OF_TEAM}"),
        as_many=Question(
            "runs page, as many",
            "/runs/",
            lambda told, number: "/runs/?state=failed&range=all",
            lambda told, number, page: (_said(page, r'data-matching="([0-9,]+)"'), told["runs"]["FAILED"]),
        ),
    ),
    Question(
        "filter",
        "/api/flow_runs/filter",
        lambda told, number: {**_failed_of_team(told, number), "sort": "START_TIME_DESC", "limit": PAGE},
        _filtered,
        limit=(f"SELECT runs_flowrun.* {_FAILED_OF_TEAM} {_NEWEST} LIMIT {PAGE}",),
        as_many=Question(
            "filter, as many",
            "/api/flow_runs/filter",
            lambda told, number: {
                "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
                "sort": "START_TIME_DESC",
                "limit": PAGE,
            },
            _newest_completed,
        ),
    ),
    Question(
        "count of a filter",
        "/api/flow_runs/count",
        _failed_of_team,
        lambda told, number, answer: (answer, told["failed_of_week"][_team(told, number)]),
        limit=(f"SELECT count(*) {_FAILED_OF_TEAM}",),
    ),
    Question(
        "count of a day",
        "/api/flow_runs/count",
        _of_day("flow_runs", "start_time", "COMPLETED"),
        lambda told, number, answer: (answer, told["runs_of_day"]["COMPLETED"]),
        limit=(f"SELECT count(*) FROM runs_flowrun WHERE state_type = 'COMPLETED' AND {_TIME} >= '{{since_day}}'",),
    ),
    Question(
        "count of task runs of a day",
        "/api/task_runs/count",
        _of_day("task_runs", "start_time", "COMPLETED"),
        lambda told, number, answer: (answer, told["task_runs_of_day"]["COMPLETED"]),
        limit=(f"SELECT count(*) FROM runs_taskrun WHERE state_type = 'COMPLETED' AND {_TIME} >= '{{since_day}}'",),
    ),
    Question(
        "count of all flow runs",
        "/api/flow_runs/count",
        lambda told, number: {},
        lambda told, number, answer: (answer, sum(told["runs"].values())),
        limit=("SELECT count(*) FROM runs_flowrun",),
    ),
    Question(
        "count of all task runs",
        "/api/task_runs/count",
        lambda told, number: {},
        lambda told, number, answer: (answer, sum(told["task_runs"].values())),
        limit=("SELECT count(*) FROM runs_taskrun",),
    ),
    Question("history", "/api/flow_runs/history", _history, _in_history("runs_of_day")),
    Question(
        "history of task runs",
        "/api/task_runs/history",
        _history,
        _in_history("task_runs_of_day"),
        limit=(
            "SELECT {hour}, state_type, state_name, count(*), sum(total_run_time) FROM runs_taskrun"
            " WHERE expected_start_time >= '{since_day}' AND expected_start_time < '{until}' GROUP BY 1, 2, 3",
        ),
    ),
    Question(
        "bars",
        "/api/ui/flow_runs/history",
        lambda told, number: {**_of_day("flow_runs", "expected_start_time", "COMPLETED")(told, number), "limit": PAGE},
        lambda told, number, answer: (len(answer), min(PAGE, told["runs_of_day"]["COMPLETED"])),
    ),
    Question(
        "run page",
        "/runs/flow-run/",
        lambda told, number: f"/runs/flow-run/{_run(told, number)}",
        lambda told, number, page: (page.count("data-task="), 100),
    ),
    Question(
        "logs page",
        "/runs/flow-run/",
        lambda told, number: f"/runs/flow-run/{_run(told, number)}/logs",
        lambda told, number, page: ("The flow begins." in page, True),
    ),
)


class Servers:
    """The two of a database, put up when it is known how large they are to be."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._database: Database | None = None
        self._up: dict[str, _Server] = {}

    @contextmanager
    def stage(self, side: Side, database: Database) -> Iterator[Side]:
        self._database, self._up = database, {}
        with ExitStack() as self._stack:
            yield side

    def measure(self, side: Side, items: int) -> Sample:
        self.put_up(side, items)
        sample: dict[str, float] = {}
        # A server that has been up for weeks was asked about each team before.
        warm_up = max(server.teams for server in self._up.values())
        for question in QUESTIONS:
            seconds: dict[str, list[float]] = {SMALL: [], LARGE: []}
            for number in range(-warm_up, TIMES):
                for name, server in self._up.items():
                    took = server.ask(question, number)
                    if number >= 0:
                        seconds[name].append(took)
            p95 = {name: _p95(each) for name, each in seconds.items()}
            sample[f"{question.name}, {SMALL}"] = p95[SMALL] * 1000
            sample[f"{question.name}, {LARGE}"] = p95[LARGE] * 1000
            sample[f"{question.name}, growth"] = p95[LARGE] / p95[SMALL]
            if question.as_many is not None:
                as_many = _p95([self._up[SMALL].ask(question.as_many, number) for number in range(-warm_up, TIMES)])
                sample[f"{question.name}, {SMALL}, as many"] = as_many * 1000
        return sample

    def bare_statements(self, database: Database, items: int) -> Sample:
        return {
            f"{question.name}, {name}": sum(map(server.bare, question.limit)) * 1000
            for question in QUESTIONS
            if question.limit
            for name, server in self._up.items()
        }

    def put_up(self, side: Side, items: int) -> None:
        assert self._database is not None
        if self._up:
            return
        large = items // _ON_SQLITE if self._database.name == SQLITE else items
        filled_ones: dict[str, tuple[Side, Database, Told, str]] = {}
        for name, size in ((SMALL, max(_LEAST, items // _SMALL_SHARE)), (LARGE, large)):
            place = self._place(name)
            filled = self._stack.enter_context(home_of(side, place))
            said = filled.run(
                "-m",
                "benchmarks.filling",
                f"--task-runs={size}",
                f"--deployments={_DEPLOYMENTS}",
                timeout_seconds=_FILLING_SECONDS,
            )
            password = filled.run("-m", filled.library, "user", "create", _READER, "--role", "operator").split()[-1]
            served = self._stack.enter_context(running(filled, "--no-worker"))
            filled_ones[name] = (served, place, json.loads(said.splitlines()[-1]), password)
        # Only now: to fill the large one takes many minutes, and a server closes a connection that is idle for long.
        self._up = {name: _Server(*each) for name, each in filled_ones.items()}
        for served, *_ in filled_ones.values():
            wait_until_it_rests(served)

    def _place(self, name: str) -> Database:
        """A database of its own in the running PostgreSQL, and a Redis of its own."""
        assert self._database is not None
        if self._database.name == SQLITE:
            return self._database
        base = self._database.urls["ours"].rpartition("/")[0]
        with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        redis = self._stack.enter_context(services.redis())
        return replace(self._database, urls={"ours": f"{base}/{name}"}, redis_url=redis)


class _Server:
    """One of the two, somebody who has signed in to it, and the connection over which it is asked."""

    def __init__(self, side: Side, place: Database, told: Told, password: str) -> None:
        self._side, self._place, self._told = side, place, told
        self._connection = http.client.HTTPConnection(str(urllib.parse.urlsplit(side.api_url).netloc), timeout=120)
        self._cookies = ""
        self._sign_in(password)

    @property
    def teams(self) -> int:
        """How many there are, by whose tags it is asked."""
        return len(self._told["failed_of_week"])

    def ask(self, question: Question, number: int) -> float:
        """Seconds until the whole answer is there. Raises Incorrect."""
        asked = question.asked(self._told, number)
        began = time.perf_counter()
        if question.is_page:
            answer: Any = self._send("GET", asked, {"Cookie": self._cookies})
        else:
            answer = self._send("POST", question.path, {"Authorization": authorization()}, json.dumps(asked))
        seconds = time.perf_counter() - began
        found, right = question.wanted(self._told, number, answer if question.is_page else json.loads(answer))
        if found != right:
            raise Incorrect(f"{question.name}: {found} instead of {right}, asked for {asked}")
        return seconds

    def bare(self, statement: str) -> float:
        """Seconds that the database itself takes for it; the middle one of three."""
        if self._place.urls:
            with psycopg.connect(self._place.urls["ours"]) as connection:
                wanted = statement.format(team=_team(self._told, 0), hour=_HOUR_ON_POSTGRESQL, **self._told)
                return _middle(lambda: connection.execute(wanted).fetchall())
        assert self._side.home is not None
        moments = {name: str(value).replace("T", " ") for name, value in self._told.items()}
        with closing(sqlite3.connect(self._side.home / "orchestrator.db")) as file:
            wanted = statement.format(team=_team(self._told, 0), hour=_HOUR_ON_SQLITE, **moments)
            return _middle(lambda: file.execute(wanted).fetchall())

    def _send(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> str:
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read().decode()
        if answer.status != 200:
            raise Incorrect(f"{method} {path}: {answer.status} {content[:500]}")
        return content

    def _sign_in(self, password: str) -> None:
        self._connection.request("GET", "/sign-in")
        answer = self._connection.getresponse()
        page = answer.read().decode()
        self._keep(answer)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        form = {
            "csrfmiddlewaretoken": token.group(1) if token else "",
            "username": _READER,
            "password": password,
            "next": "/",
        }
        headers = {"Cookie": self._cookies, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/sign-in", urllib.parse.urlencode(form), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 302:
            raise Incorrect(f"Signing in was answered with {answer.status}")
        self._keep(answer)

    def _keep(self, answer: http.client.HTTPResponse) -> None:
        """The cookies that were set, beside those that are kept already."""
        kept = dict(pair.split("=", 1) for pair in self._cookies.split("; ") if pair)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, text = value.partition(";")[0].partition("=")
                kept[key] = text
        self._cookies = "; ".join(f"{key}={text}" for key, text in kept.items())


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds[-TIMES:], n=20, method="inclusive")[-1]


def _middle(ask: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


_servers = Servers()

ROW = Row(
    name="ten_million",
    about="questions to ten million task runs (SQLite: one million), against ten thousand",
    items=10_000_000,
    figures=tuple(
        figure
        for question in QUESTIONS
        for figure in (
            Figure(f"{question.name}, {SMALL}", "ms"),
            Figure(f"{question.name}, {LARGE}", "ms", bound=100),
            Figure(f"{question.name}, growth", "times", bound=2),
            *([Figure(f"{question.name}, {SMALL}, as many", "ms")] if question.as_many else []),
        )
    ),
    measure=_servers.measure,
    stage=_servers.stage,
    databases=(SQLITE, POSTGRESQL),
    compared=False,
    limit=Limit("the bare rows, or the bare count, in the database", _servers.bare_statements),
    rounds=1,
)
