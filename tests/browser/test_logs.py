"""What the log of a run does in a browser: permanent addresses, reading while lines come, a great many lines."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from orchestrator.contract.times import now
from tests.browser.conftest import ReportedRun, Watched

LIVE_MS = 5_000
FIRST_VISIBLE = """() => { const log = document.getElementById('log');
    const top = log.getBoundingClientRect().top;
    return [...log.children].find((line) => line.getBoundingClientRect().bottom > top).id; }"""

COPIED = """(ends) => { const [first, last] = ends.map((id) => document.getElementById(`L${id}`));
    getSelection().setBaseAndExtent(first, 0, last, last.childNodes.length);
    const clipboardData = new DataTransfer();
    first.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true }));
    return clipboardData.getData("text/plain"); }"""


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

    watched.open(f"{run.page}/logs?at={ids[900]}#L{ids[900]}")

    expect(page.locator(f"#L{ids[900]}")).to_be_in_viewport()
    assert page.evaluate(f"getComputedStyle(document.getElementById('L{ids[900]}'), '::before').content")
    page.goto("about:blank")
    watched.open(f"{run.page}/logs#L{ids[5]}-L{ids[7]}")
    expect(page.locator(".chosen")).to_have_count(3)
    expect(page.locator(f"#L{ids[5]}")).to_be_in_viewport()
    copied = page.evaluate(COPIED, [ids[5], ids[7]])
    assert re.fullmatch(r"(\d\d:\d\d:\d\d\.\d{3} INFO line [567]\n?){3}", copied)  # no numbers, and a line each


def test_keeps_the_reader_where_they_read_and_follows_on_demand(watched: Watched, run: ReportedRun):
    """RUN-4, RUN-5: 200 new lines do not move what is read; at the end the last line stays in sight."""
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(300)))
    page = watched.page
    watched.open(f"{run.page}/logs")
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
    watched.open(f"{run.page}/logs")
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
    page.keyboard.press("E")
    expect(page.locator(".chosen")).to_contain_text("broken after 700")
    page.keyboard.press("e")
    page.keyboard.press("w")
    expect(page.locator("#log")).to_have_class(re.compile("unwrapped"))
    page.keyboard.press("G")
    expect(page.locator("#log li").last).to_be_in_viewport()
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile(f"at={ids[-1]}#L{ids[-1]}$"))


def test_restores_everything_that_the_address_says(watched: Watched, long_run):
    """RUN-6, LOG-4: level, text and line are those of the address; what is visible is in the document."""
    run, ids = long_run
    page = watched.page

    watched.open(f"{run.page}?level=error&q=broken#L{ids[-1]}")

    expect(page.locator("#log-levels [aria-current]")).to_have_text("Errors 2")
    expect(page.locator("#part-logs input[type=search]")).to_have_value("broken")
    expect(page.locator("#log mark")).to_have_count(2)
    expect(page.locator(f"#L{ids[-1]}")).to_be_in_viewport()
    page.keyboard.press("N")
    expect(page.locator(".chosen")).to_contain_text("broken after 700")
    page.keyboard.press("n")
    expect(page.locator(".chosen")).to_contain_text("broken after 1400")
    page.keyboard.press("/")
    expect(page.locator("#part-logs input[type=search]")).to_be_focused()
    assert page.evaluate("window.find('line 1201', false, false, true)")  # what the browser's own search finds


def test_leads_from_a_failure_to_its_line(watched: Watched, long_run):
    """RUN-2: the link of the failure lands on the line, which is marked and in sight."""
    run, _ = long_run
    run.set_state("RUNNING")
    run.set_state("FAILED", "Flow run encountered an exception: KeyError: 'table'")
    page = watched.page
    watched.open(f"{run.page}?from=start")

    page.get_by_role("link", name="Go to the log line").click()

    expect(page.locator(".chosen")).to_contain_text("broken after 1400")
    expect(page.locator(".chosen")).to_be_in_viewport()


def test_stays_light_while_a_great_many_lines_come(watched: Watched, browser: Browser, run: ReportedRun):
    """LOG-5: a live run of 50,000 lines; those that came too fast are a click away, and are put where they belong."""
    run.set_state("RUNNING")
    start = now() - timedelta(minutes=1)
    run.log(*(f"line {number}" for number in range(100)), at=start)
    page = watched.page
    watched.open(f"{run.page}/logs")
    is_live(page)

    for first in range(100, 50_000, 4_990):
        words = (f"line {number} of a long story that goes on and on" for number in range(first, first + 4_990))
        run.log(*words, at=start + timedelta(milliseconds=first))

    expect(page.get_by_text("line 49999 ")).to_be_in_viewport(timeout=3 * LIVE_MS)
    assert page.locator("#log li").count() <= 2_000
    assert numbers_of(page)[-200:] == list(range(49_800, 50_000))
    assert memory_of_renderer(browser, page) < 150

    gap = page.locator("#log .gap").last
    before = gap.locator("xpath=preceding-sibling::li[1]").get_attribute("id")
    gap.get_by_role("link", name="load").click()
    expect(page.locator(f"#{before} + li:not(.gap)")).to_have_count(1)
    assert numbers_of(page) == sorted(numbers_of(page))
    assert page.locator("#log li").count() <= 2_000
    page.keyboard.press("f")
    expect(page.get_by_text("line 49999 ")).to_be_in_viewport()


def numbers_of(page: Page) -> list[int]:
    return [int(text.split()[1]) for text in page.locator("#log li:not(.gap) span").all_inner_texts()]


def memory_of_renderer(browser: Browser, page: Page) -> float:
    """What the page's process has for itself, in MB; others wait for pages to come, and are smaller."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(_private_memory(process["id"]) for process in processes if process["type"] == "renderer")


def _private_memory(process: int) -> float:
    sizes = re.findall(r"^Private_\w+: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    return sum(map(int, sizes)) / 1024
