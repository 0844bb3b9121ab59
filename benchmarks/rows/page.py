"""The list of runs and the page of a run in Chromium, ours against the interface that Prefect's server brings.

Both have the same runs. The list is the page that its address leads to, without anything chosen: ours has the newest 50
runs. Prefect's interface asks for the newest 100 and draws 50 of them, and the others when somebody scrolls; how many
were drawn is told. `100 runs` is our list with as many on it.

Who looks has signed in on both sides, through the form of each, and begins in a tab that shows another site and has
come to rest. *Cold* is a browser that has nothing of the site; *warm* is the same one when it comes for the fourth
time, so that what can be cached, compiled scripts included, is.

A page is interactive when what is wanted of it is painted at its place with nothing over it, and its only thread is
free for a click: the newest run in the list; of a run its first log line, and a bar that is the link to a task run.
Prefect draws its task runs with WebGL, in which nothing can be found by its text, so there the picture's data must have
come and its canvas be there; that it is drawn yet is not asked for. The last visit ends with a click.

Prefect's pages are made by their scripts, so those have run by then. Ours are made by the server, with links and forms
that work without any; the scripts that add keys, selections and what is live begin when a page has been shown.
*Scripts* is when they have begun, in a cold and in a warm browser.

Bytes are those of all answers to requests over HTTP, with their headers, as they travel to a cold browser until it has
nothing open any more. Favicons and websockets do not count, on either side. *First byte* and *HTML* (from the first
byte to the last) are of the document: Prefect's is an empty shell without any data, so their ratio says nothing.

The limit is what Chromium takes for a page without styles and scripts, visited in the same way: for the list a table of
as many rows and cells, each a word or two; for the page of a run one line.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from benchmarks import stages
from benchmarks.databases import Database
from benchmarks.driving.browser import Visit, Wanted, chromium, stranger, visit
from benchmarks.given.shown_runs import FIRST_LINE, WHOLE_RUN, find_whole_run, make_runs
from benchmarks.limits.serving import serving
from benchmarks.row import Figure, Incorrect, Limit, Row, Sample
from benchmarks.sides import PASSWORD, Side

READER = "reader"  # who looks at our pages
VISITS_BEFORE_WARM = 3

_KNOWN = "known.json"  # in a side's home: what a browser keeps of somebody who has signed in
_PAGES = {
    "ours": {
        "runs": ("/runs/", [Wanted("#run-rows .name a", WHOLE_RUN)]),
        "100 runs": ("/runs/?size=100", [Wanted("#run-rows .name a", WHOLE_RUN)]),
        "run": ("/runs/flow-run/{}", [Wanted(".gantt [data-task]"), Wanted("#log li span", FIRST_LINE)]),
    },
    "prefect": {
        "runs": ("/runs", [Wanted(".flow-run-bread-crumbs__flow-run-link", WHOLE_RUN)]),
        "run": (
            "/runs/flow-run/{}",
            [Wanted("canvas", resource="/graph-v2"), Wanted(".log-row__content", FIRST_LINE)],
        ),
    },
}
_LISTS = ("runs", "100 runs")  # whose links are counted, and clicked: a picture is not
_PLAIN = {
    "runs": ("rows/50", [Wanted("td a", "run 0")]),
    "100 runs": ("rows/100", [Wanted("td a", "run 0")]),
    "run": ("", [Wanted("p")]),
}
_FIGURES = {
    "cold": "ms",
    "warm": "ms",
    "scripts cold": "ms",
    "scripts warm": "ms",
    "sent": "kB",
    "requests": "requests",
    "first byte": "ms",
    "HTML": "ms",
}
_GOALS: dict[str, Any] = {
    "cold": {"times": 10},
    "warm": {"times": 10},
    "sent": {"bound": 100},
    "requests": {"bound": 3},
}
# The real interface asks for two pictures that its own package does not have. Nothing else may go wrong on it.
_LACKING = ("/favicon.ico", "/ico/undefined.svg")


def measure(side: Side, items: int) -> Sample:
    """Medians of `items` visits to each page, cold and warm."""
    run = find_whole_run(side)
    sample: dict[str, float] = {}
    with chromium() as browser:
        for page, (path, wanted) in _PAGES[side.name].items():
            address = f"{_origin(side)}{path.format(run)}"
            visits = [_visit_twice(browser, side, address, wanted, click=page in _LISTS) for _ in range(items)]
            sample |= _figures(page, [cold for cold, _ in visits], [warm for _, warm in visits])
            if page in _LISTS:
                sample[f"{page}: drawn"] = statistics.median(warm.drawn for _, warm in visits)
    return sample


def visit_plain_pages(database: Database, items: int) -> Sample:
    """Medians of `items` visits to each, cold and warm."""
    sample: dict[str, float] = {}
    with chromium() as browser, serving("plain_pages") as address:
        for page, (path, wanted) in _PLAIN.items():
            visits = [_visits(browser, f"{address}{path}", wanted) for _ in range(items)]
            for kind, at in (("cold", 0), ("warm", -1)):
                sample[f"{page}: {kind}"] = statistics.median(seen[at].interactive for seen in visits)
    return sample


@contextmanager
def stage(side: Side, database: Database) -> Iterator[Side]:
    """A server with runs to look at, and somebody who has signed in."""
    with stages.server(side, database) as served:
        make_runs(served)
        with chromium() as browser, stranger(browser) as context:
            page = context.new_page()
            page.goto(f"{_origin(served)}{_PAGES[served.name]['runs'][0]}")
            if served.name == "ours":
                page.fill("[name=username]", READER)
                page.fill("[name=password]", _make_reader(served))
            else:
                page.fill("input[type=password]", PASSWORD)
            page.keyboard.press("Enter")
            expect(page.get_by_text(WHOLE_RUN).first).to_be_visible(timeout=60_000)
            context.storage_state(path=_known(served))
        yield served


def _make_reader(side: Side) -> str:
    """Makes somebody who may sign in on our pages; their password."""
    return side.run("-m", side.library, "user", "create", READER, "--role", "operator").split()[-1]


def _visit_twice(
    browser: Browser, side: Side, address: str, wanted: Sequence[Wanted], *, click: bool
) -> tuple[Visit, Visit]:
    """Cold and warm."""
    visits = _visits(browser, address, wanted, known=_known(side), click=click)
    complaints = [each for seen in visits for each in seen.complaints if not _is_forgiven(side, each)]
    if complaints:
        raise Incorrect(f"{side.name}: {address} complains: {complaints}")
    return visits[0], visits[-1]


def _visits(
    browser: Browser, address: str, wanted: Sequence[Wanted], *, known: Path | None = None, click: bool = False
) -> list[Visit]:
    """One after the other by the same stranger; the last of them may click."""
    with stranger(browser, known=known) as context:
        visits = [visit(context, address, wanted) for _ in range(VISITS_BEFORE_WARM)]
        return [*visits, visit(context, address, wanted, click=click)]


def _is_forgiven(side: Side, complaint: str) -> bool:
    return side.name == "prefect" and complaint.endswith(_LACKING)


def _figures(page: str, cold: Sequence[Visit], warm: Sequence[Visit]) -> Sample:
    median = statistics.median
    return {
        **_when_scripts_began(f"{page}: scripts cold", cold),
        **_when_scripts_began(f"{page}: scripts warm", warm),
        f"{page}: cold": median(seen.interactive for seen in cold),
        f"{page}: warm": median(seen.interactive for seen in warm),
        f"{page}: sent": median(seen.sent for seen in cold) / 1000,
        f"{page}: requests": median(len(seen.requests) for seen in cold),
        f"{page}: first byte": median(seen.first_byte for seen in warm),
        f"{page}: HTML": median(seen.last_byte - seen.first_byte for seen in warm),
    }


def _when_scripts_began(figure: str, visits: Sequence[Visit]) -> Sample:
    """Nothing of a page that does not tell."""
    told = [seen.scripts for seen in visits if seen.scripts is not None]
    return {figure: statistics.median(told)} if told else {}


def _known(side: Side) -> Path:
    assert side.home is not None
    return side.home / _KNOWN


def _origin(side: Side) -> str:
    assert side.api_url is not None
    return side.api_url.removesuffix("/api")


def _goals(page: str) -> tuple[Figure, ...]:
    return tuple(Figure(f"{page}: {each}", unit, **_GOALS.get(each, {})) for each, unit in _FIGURES.items())


ROW = Row(
    name="page",
    about="the list of runs and the page of a run, until each can be used in Chromium",
    items=5,
    figures=(
        *_goals("runs"),
        Figure("runs: drawn", "runs"),
        *(Figure(f"100 runs: {each}", unit) for each, unit in _FIGURES.items()),
        Figure("100 runs: drawn", "runs"),
        *_goals("run"),
    ),
    measure=measure,
    stage=stage,
    limit=Limit("Chromium itself, for as many plain rows, and for a page of one line", visit_plain_pages),
)
