"""The pages in a browser: live lists, without scripts, on a phone, and light."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from orchestrator.contract.times import now
from tests.browser.conftest import ReportedRun, Watched, wait_for_scripts

LIVE_MS = 5_000


def test_lists_a_new_run_and_its_states_as_they_come(watched, server):
    name = f"new-{uuid4()}"
    watched.open("/runs/")
    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)

    run = ReportedRun(server, name=name)
    row = watched.page.locator(f"#run-{run.id}")
    expect(row.locator(".state")).to_have_text("Pending", timeout=LIVE_MS)
    run.set_state("RUNNING")
    expect(row.locator(".state")).to_have_text("Running", timeout=LIVE_MS)
    run.set_state("COMPLETED")
    expect(row.locator(".state")).to_have_text("Completed", timeout=LIVE_MS)


def test_does_not_push_rows_away_under_the_mouse(watched, server):
    for _ in range(30):  # so many that the button lies over the rows, and the mouse that pressed it points at one
        present = ReportedRun(server)
    watched.open("/runs/")
    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    first = watched.page.locator("#run-rows tr").first
    first.hover()

    new = ReportedRun(server)
    present.set_state("RUNNING")

    expect(watched.page.locator("#held")).to_have_text("1 new · show", timeout=LIVE_MS)
    expect(first).to_have_attribute("id", f"run-{present.id}")
    expect(first.locator(".state")).to_have_text("Running", timeout=LIVE_MS)
    watched.page.locator("#held").click()
    expect(watched.page.locator(f"#run-{new.id}")).to_be_visible()


def test_is_shown_before_its_scripts_come_which_take_up_what_was_done_meanwhile(watched: Watched, server):
    run, page = ReportedRun(server), watched.page
    held = []
    page.route("**/joined/*.js", lambda route: held.append(route))
    page.goto("/runs/", wait_until="domcontentloaded")

    expect(page.locator(f"#run-{run.id} .name a")).to_be_visible()
    page.locator(f"#run-{run.id} .pick input").check()
    page.locator("details.panel summary", has_text="Filters").click()
    page.get_by_label("Time range", exact=True).and_(page.locator("select")).select_option("Between…")
    expect(page.locator("#live-status")).to_have_text("")
    held[0].continue_()
    wait_for_scripts(page)

    expect(page.locator("#picked")).to_have_text("1 selected")
    expect(page.locator("details.panel", has_text="Filters").get_by_label("Flow", exact=True)).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_be_visible()
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)


def test_is_live_also_when_it_was_opened_in_a_tab_that_nobody_looked_at(watched: Watched, server):
    page = watched.open("/runs/")
    page.locator("details.panel summary", has_text="Save view").click()
    page.get_by_label("Name", exact=True).fill(f"view-{uuid4()}")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/runs/?*view=*")
    page.add_init_script(
        'Object.defineProperty(document, "hidden", { get: () => !window.isLookedAt, configurable: true })'
    )
    watched.open("/runs/")

    page.evaluate("window.isLookedAt = true; document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)


def test_opens_a_log_at_its_end_before_anybody_sees_it(watched: Watched, server):
    run = ReportedRun(server)
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(200)))

    watched.page.add_init_script(
        'addEventListener("load", () => (window.begun = performance.getEntriesByName("scripts have begun").length))'
    )

    watched.page.goto(run.page)

    assert watched.page.evaluate("window.begun") == 1
    expect(watched.page.locator("#log li").last).to_be_in_viewport()


@pytest.fixture
def busy_run(server) -> ReportedRun:
    run = ReportedRun(server)
    run.set_state("RUNNING")
    run.report_task(str(uuid4()), "get_number-3a9", "RUNNING", started=now())
    run.log("the first line")
    return run


def test_reads_completely_without_scripts(browser, server, busy_run):
    page = browser.new_context(base_url=server.url, java_script_enabled=False).new_page()

    page.goto(busy_run.page)

    expect(page.locator("h1")).to_have_text(busy_run.name)
    expect(page.locator("#run-state")).to_have_text("Running")
    expect(page.locator("#log li span")).to_have_text(["the first line"])
    expect(page.locator(".plot rect.mark")).to_be_visible()
    assert page.locator("meta[http-equiv=refresh]").get_attribute("content") == "15"
    page.get_by_role("link", name="Table").click()
    expect(page.get_by_role("link", name="get_number-3a9")).to_be_visible()
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_text("The run is asked to stop.")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("address", ["/runs/", "run"])
def test_fits_a_phone(browser, server, busy_run, width, address):
    context = browser.new_context(base_url=server.url, viewport={"width": width, "height": 844})
    page = context.new_page()

    page.goto(busy_run.page if address == "run" else address)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if address == "/runs/":
        expect(page.locator("#run-rows tr").first).to_be_in_viewport()


def test_leaves_a_page_alone_to_which_nothing_happened(browser, server):
    run = ReportedRun(server)
    run.set_state("COMPLETED")
    page = browser.new_context(base_url=server.url).new_page()
    fragments: list[str] = []
    page.on("requestfinished", lambda request: "fragment=" in request.url and fragments.append(request.url))

    page.goto(run.page)
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    page.wait_for_timeout(1_000)

    asked = len(fragments)
    page.wait_for_timeout(1_000)
    assert asked <= 5  # once at most for each part, as the run had only just ended
    assert len(fragments) == asked


def test_stays_in_the_colours_that_were_chosen(browser, server):
    context = browser.new_context(base_url=server.url, color_scheme="light", java_script_enabled=False)
    page = context.new_page()
    page.goto("/runs/?range=all")

    page.get_by_role("button", name="Dark").click()

    expect(page).to_have_url(f"{server.url}/runs/?range=all")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(14, 18, 23)")
    page.get_by_role("button", name="Auto").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(246, 247, 249)")


def test_keeps_the_filter_of_a_phone_behind_one_button(browser, server):
    run = ReportedRun(server, name=f"found-{uuid4()}")
    context = browser.new_context(
        base_url=server.url, viewport={"width": 390, "height": 844}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/runs/")
    line = page.locator("#filter")
    expect(line).to_be_hidden()

    page.get_by_role("button", name="Filter").click()
    line.fill(run.name)
    page.get_by_role("button", name="Apply").click()

    expect(page.locator("#run-rows .name")).to_have_text([run.name])
