"""What a browser tells of a page: when it can be used, what it took, and what is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from benchmarks.databases import SQLITE, Database
from benchmarks.driving import browser
from benchmarks.driving.browser import Visit, Wanted, chromium, stranger, visit
from benchmarks.row import Incorrect
from benchmarks.rows import page
from benchmarks.sides import Side
from tests.browser.conftest import CHROMIUM

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)"),
]
LINK = '<a class="run" href="/elsewhere">whole-run</a>'
PAGES = {
    "/at-once": LINK,
    "/later": f"""<div></div><script>setTimeout(
        () => fetch("/data").then(() => {{ document.querySelector("div").innerHTML = `{LINK}` }}), 300)</script>""",
    "/covered": f'{LINK}<p style="position: fixed; inset: 0; margin: 0; background: white"></p>',
    "/hidden": f"<div hidden>{LINK}</div>",
    "/dead": '<a class="run">whole-run</a>',
    "/broken": f"{LINK}<script>nothing.there()</script>",
    "/data": "x" * 5_000,
}
WANTED = [Wanted("a.run", "whole-run")]


@pytest.fixture(autouse=True)
def no_rest(monkeypatch):
    """Here nothing is measured to the millisecond."""
    monkeypatch.setattr(browser, "_AT_REST_MILLISECONDS", 0)


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path, "").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    monkeypatch.setattr(browser, "_MOST_MILLISECONDS", 1_500)
    with chromium() as opened, stranger(opened) as context:
        context.set_default_timeout(1_500)
        yield context


class TestChromium:
    pytestmark = needs_chromium

    def test_tells_when_a_page_can_be_used_and_what_it_took(self, context: BrowserContext, address: str) -> None:
        at_once, later = (visit(context, f"{address}{path}", WANTED, click=True) for path in ("/at-once", "/later"))

        assert 0 < at_once.first_byte <= at_once.last_byte < at_once.interactive
        assert later.interactive > 300
        assert at_once.requests == [f"{address}/at-once"]
        assert later.requests == [f"{address}/later", f"{address}/data"]
        assert later.sent > 5_000 > at_once.sent > len(LINK)
        assert at_once.complaints == later.complaints == []
        assert at_once.drawn == later.drawn == 1

    @pytest.mark.parametrize("path", ["/covered", "/hidden", "/nothing"])
    def test_takes_no_time_of_a_page_that_does_not_show_it(
        self, context: BrowserContext, address: str, path: str
    ) -> None:
        with pytest.raises(Incorrect, match="does not show"):
            visit(context, f"{address}{path}", WANTED)

    def test_waits_for_the_data_of_a_picture(self, context: BrowserContext, address: str) -> None:
        seen = visit(context, f"{address}/later", [Wanted("div", resource="/data")])

        assert seen.interactive > 300

    def test_notices_a_click_that_leads_nowhere(self, context: BrowserContext, address: str) -> None:
        with pytest.raises(Incorrect, match="leads nowhere"):
            visit(context, f"{address}/dead", WANTED, click=True)

    def test_hears_complaints(self, context: BrowserContext, address: str) -> None:
        assert visit(context, f"{address}/broken", WANTED).complaints == ["nothing is not defined"]

    def test_knows_what_plain_pages_take(self) -> None:
        limit = page.visit_plain_pages(Database(SQLITE, {}), 1)

        pages, kinds = ("runs", "100 runs", "run"), ("cold", "warm")
        assert limit.keys() == {f"{name}: {kind}" for name in pages for kind in kinds}
        assert all(limit.values())


def seen(milliseconds: float, **more: Any) -> Visit:
    return Visit(interactive=milliseconds, first_byte=10, last_byte=11, sent=30_000, requests=["/", "/css"], **more)


class Told(Side):
    """A side whose server has the run."""

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        return [{"id": "a-run"}]


@pytest.fixture
def visited(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """`page.measure` of a side, with visits that are told."""

    def measure(name: str, visits: list[Visit]) -> Any:
        monkeypatch.setattr(page, "chromium", browser_of_nobody)
        monkeypatch.setattr(page, "stranger", browser_of_nobody)
        monkeypatch.setattr(page, "visit", lambda *_, **__: visits.pop(0))
        return page.measure(Told(name, "", "python", home=tmp_path, api_url="http://nowhere/api"), 1)

    return measure


class browser_of_nobody:
    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        pass


def test_tells_the_first_visit_from_the_fourth(visited: Any) -> None:
    times = (400, 1, 1, 200, 600, 1, 1, 500, 550, 1, 1, 300)
    sample = visited("ours", [seen(each, drawn=50, scripts=each + 7) for each in times])

    assert sample.keys() == {figure.name for figure in page.ROW.figures}
    found = [sample[f"{name}: {kind}"] for name in ("runs", "100 runs", "run") for kind in ("cold", "warm")]
    assert found == [400, 200, 600, 500, 550, 300]
    assert (sample["runs: scripts cold"], sample["runs: scripts warm"]) == (407, 207)
    assert sample["runs: drawn"] == 50
    assert (sample["run: sent"], sample["run: requests"], sample["run: HTML"]) == (30.0, 2, 1)


def test_tells_nothing_of_scripts_where_a_page_does_not(visited: Any) -> None:
    sample = visited("prefect", [seen(1) for _ in range(8)])

    assert not [figure for figure in sample if "scripts" in figure]


def test_takes_no_time_of_a_page_that_complains(visited: Any) -> None:
    missing = "Failed to load resource: 404 http://nowhere/ico/undefined.svg"

    with pytest.raises(Incorrect, match="complains"):
        visited("ours", [seen(1, complaints=[missing]) for _ in range(12)])
    visited("prefect", [seen(1, complaints=[missing]) for _ in range(8)])
