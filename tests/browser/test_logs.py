"""What the log of a run does in a browser: permanent addresses, reading while lines come, a great many lines."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from orchestrator.contract.times import now
from tests.browser.conftest import ReportedRun, Watched

LIVE_MS = 5_000
FIRST_VISIBLE = """() => { const log = document.getElementById('log');
    const top = log.getBoundingClientRect().top;
    return [...log.children].find((line) => line.getBoundingClientRect().bottom > top).id; }"""


@pytest.fixture
def long_run(run: ReportedRun) -> tuple[ReportedRun, list[str]]:
    """1,800 lines, of which every 700th is an error."""
    start = now() - timedelta(minutes=10)
    ids: list[str] = []
    for first in range(0, 1800, 300):
        words = [f"line {number}" for number in range(first, first + 300)]
        ids += run.log(*words, at=start + timedelta(seconds=first))
    for number in (700, 1400):
        ids += run.log(
            f"broken after {number}", level=40, at=start + timedelta(seconds=number - number % 300, microseconds=1)
        )
    return run, ids


def is_live(page: Page) -> None:
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)


def test_shows_a_line_at_its_address_among_its_neighbours(watched: Watched, long_run):
    """LOG-3, RUN-2: a permalink opened in a fresh browser shows the line in the viewport."""
    run, ids = long_run
    page = watched.page

    page.goto(f"{run.page}/logs?at={ids[900]}#L{ids[900]}")

    expect(page.locator(f"#L{ids[900]}")).to_be_in_viewport()
    assert page.evaluate(f"getComputedStyle(document.getElementById('L{ids[900]}'), '::before').content")
    page.goto("about:blank")
    page.goto(f"{run.page}/logs#L{ids[5]}-L{ids[7]}")
    expect(page.locator(".chosen")).to_have_count(3)
    expect(page.locator(f"#L{ids[5]}")).to_be_in_viewport()


def test_keeps_the_reader_where_they_read_and_follows_on_demand(watched: Watched, run: ReportedRun):
    """RUN-4, RUN-5: 200 new lines do not move what is read; at the end the last line stays in sight."""
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(300)))
    page = watched.page
    page.goto(f"{run.page}/logs")
    is_live(page)
    expect(page.locator("#log li").last).to_be_in_viewport()

    page.evaluate("document.getElementById('log').scrollTop = 1800")
    before = page.evaluate(FIRST_VISIBLE)
    run.log(*(f"later {number}" for number in range(200)))
    expect(page.locator("#unseen")).to_have_text("200 new lines · Follow (f)", timeout=LIVE_MS)
    assert page.evaluate(FIRST_VISIBLE) == before

    page.keyboard.press("f")
    expect(page.locator("#log li").last).to_be_in_viewport()
    run.log("the newest")
    expect(page.get_by_text("the newest")).to_be_in_viewport(timeout=LIVE_MS)


def test_walks_through_a_long_log_without_keeping_all_of_it(watched: Watched, long_run):
    """LOG-5: earlier lines come in place, errors are a key away, and the page keeps a bounded number of lines."""
    run, ids = long_run
    run.set_state("RUNNING")
    page = watched.page
    page.goto(f"{run.page}/logs")
    is_live(page)
    page.evaluate("window.neverReloaded = true")

    for count in (1000, 1500, 1802):
        page.locator("#log-earlier").click()
        expect(page.locator("#log li")).to_have_count(count)
    expect(page.locator("#log-earlier")).to_be_hidden()
    assert page.evaluate("window.neverReloaded")
    assert page.evaluate("document.getElementById('log').start") == 1

    page.keyboard.press("g")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.locator(".chosen")).to_contain_text("broken after 700")
    page.keyboard.press("e")
    expect(page.locator(".chosen")).to_contain_text("broken after 1400")
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile(f"at={ids[-1]}#L{ids[-1]}$"))


def test_restores_everything_that_the_address_says(watched: Watched, long_run):
    """RUN-6, LOG-4: level, text and line are those of the address; what is visible is in the document."""
    run, ids = long_run
    page = watched.page

    page.goto(f"{run.page}?level=error&q=broken#L{ids[-1]}")

    expect(page.locator("#log-levels [aria-current]")).to_have_text("Errors 2")
    expect(page.locator("#part-logs input[type=search]")).to_have_value("broken")
    expect(page.locator("#log mark")).to_have_count(2)
    expect(page.locator(f"#L{ids[-1]}")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page.locator(".chosen")).to_have_count(1)
