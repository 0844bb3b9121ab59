"""Lists by mouse and by keyboard, and what stays in place while they change."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ReportedRun

LIVE_MS = 5_000


@pytest.fixture
def flow() -> str:
    """A flow of this test alone, so that its list holds nothing else."""
    return f"flow-{uuid4()}"


def picked(page) -> list[bool]:
    return page.locator("td.pick input").evaluate_all("boxes => boxes.map(box => box.checked)")


def test_shows_many_rows_and_selects_them_by_range_and_by_keys(watched, server, flow):
    """RUNS-1, RUNS-10: 18 rows at 1440×900; a shift-click, and the keys j, k, x and X select."""
    runs = [ReportedRun(server, flow=flow) for _ in range(20)]
    page = watched.page
    watched.open(f"/runs/?flow={flow}")
    expect(page.locator("#run-rows tr")).to_have_count(20)
    visible = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    assert page.locator("#run-rows tr").evaluate_all(visible) >= 18

    page.locator("td.pick input").nth(2).click()
    page.locator("td.pick input").nth(5).click(modifiers=["Shift"])
    assert [index for index, on in enumerate(picked(page)) if on] == [2, 3, 4, 5]
    expect(page.locator("#picked")).to_have_text("4 selected")

    page.locator("#pick-all").click()
    assert all(picked(page))
    page.locator("#pick-all").click()
    assert not any(picked(page))
    expect(page.locator("#bulk-bar")).to_be_hidden()

    page.locator("h1").click()
    for key in ("j", "j", "x", "j", "j", "Shift+X", "k"):
        page.keyboard.press(key)
    assert [index for index, on in enumerate(picked(page)) if on] == [1, 2, 3]
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}{runs[-3].page}")


def test_filters_by_the_address_which_shows_everybody_the_same(browser, watched, server, flow):
    """RUNS-2, RUNS-6: every filter changes the URL, which shows the same rows elsewhere; Alt and a click leave out."""
    good, _, bad = (ReportedRun(server, flow=flow) for _ in range(3))
    bad.set_state("FAILED")
    page, rows = watched.page, "#run-rows tr"
    watched.open(f"/runs/?flow={flow}")

    page.locator(f"#run-{bad.id} [data-term=state]").click(modifiers=["Alt"])
    expect(page.locator("#filter")).to_have_value(f"flow:{flow} -state:failed")
    expect(page.locator(rows)).to_have_count(2)
    page.locator("#filter").fill(f"{page.locator('#filter').input_value()} {good.name}")
    page.locator("#filter").press("Enter")
    expect(page.locator(rows)).to_have_count(1)
    page.locator("#filter-line select[name=range]").select_option("30d")
    page.get_by_role("button", name="Apply").first.click()
    expect(page).to_have_url(f"{server.url}/runs/?range=30d&flow={flow}&state=!failed&q={good.name}")

    elsewhere = browser.new_context(base_url=server.url).new_page()
    elsewhere.goto(page.url)
    assert elsewhere.locator(rows).evaluate_all("rows => rows.map(row => row.id)") == [f"run-{good.id}"]

    chart = page.locator(".bars > svg").bounding_box()
    middle = chart["y"] + 20
    page.mouse.move(chart["x"] + chart["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] - 1, middle)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/runs/\?.*from=.*&to="))
    expect(page.locator(rows)).to_have_count(1)


def test_changes_a_selected_row_in_its_place(watched, server, flow):
    """RUNS-4: a running row becomes Completed in place; its box and the focus survive, and no row comes or goes."""
    run, other = ReportedRun(server, flow=flow), ReportedRun(server, flow=flow)
    run.set_state("RUNNING")
    page = watched.page
    watched.open(f"/runs/?flow={flow}&state=!failed")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    late = ReportedRun(server, flow=flow)
    expect(page.locator(f"#run-{late.id}")).to_be_visible(timeout=LIVE_MS)
    row = page.locator(f"#run-{run.id}")
    row.locator("input").check()
    expect(page.locator("#matching")).to_have_text("3")  # with the one that came while nothing was selected
    row.locator(".name a").focus()
    page.mouse.move(0, 0)

    run.set_state("COMPLETED")
    expect(row.locator(".state")).to_have_text("Completed", timeout=LIVE_MS)
    other.set_state("FAILED")
    expect(page.locator(f"#run-{other.id}")).to_have_class("gone", timeout=LIVE_MS)
    new = ReportedRun(server, flow=flow)
    expect(page.locator("#held")).to_have_text("1 new · show", timeout=LIVE_MS)

    expect(row.locator("input")).to_be_checked()
    expect(row.locator(".name a")).to_be_focused()
    expect(page.locator(f"#run-{new.id}")).to_have_count(0)
    page.locator("#held").click()
    expect(page.locator(f"#run-{new.id}")).to_be_visible()
    expect(page.locator(f"#run-{other.id}")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_fills_in_the_form_of_filters_with_and_without_scripts(browser, server, flow, scripts):
    bad, _ = (ReportedRun(server, flow=flow) for _ in range(2))
    bad.set_state("FAILED")
    page = browser.new_context(base_url=server.url, java_script_enabled=scripts).new_page()
    page.goto(f"/runs/?flow={flow}&range=30d")
    panel = page.locator("details.panel").filter(has_text="Filters").first
    expect(panel.locator("form")).to_be_hidden()

    panel.locator("summary").click()
    expect(panel.get_by_label("Flow", exact=True)).to_have_value(flow)
    panel.get_by_label("State").select_option("failed")
    panel.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(f"{server.url}/runs/?range=30d&state=failed&flow={flow}")
    expect(page.locator("#run-rows tr")).to_have_count(1)
    page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_asks_between_which_times_when_somebody_chooses_that(browser, server, flow, scripts):
    ReportedRun(server, flow=flow)
    page = browser.new_context(base_url=server.url, java_script_enabled=scripts).new_page()
    page.goto(f"/runs/?flow={flow}")
    expect(page.locator("input[name=from]")).to_be_hidden()

    page.get_by_label("Time range", exact=True).and_(page.locator("select")).select_option("Between…")
    page.get_by_label("From", exact=True).fill("2026-01-02T03:04")
    page.get_by_label("To", exact=True).fill("2026-01-02T04:05")
    page.get_by_role("button", name="Apply").first.click()

    expect(page).to_have_url(re.compile("from=2026-01-02T03.*to=2026-01-02T04"))
    expect(page.get_by_label("From", exact=True)).to_have_value("2026-01-02T03:04")
    expect(page.locator("#run-rows tr")).to_have_count(0)
    page.context.close()


def test_asks_about_many_runs_without_scripts(browser, server, flow):
    """RUNS-5: boxes, bar and the page that asks are plain forms."""
    runs = [ReportedRun(server, flow=flow) for _ in range(2)]
    page = browser.new_context(base_url=server.url, java_script_enabled=False).new_page()
    page.goto(f"/runs/?flow={flow}")
    expect(page.locator("#bulk-bar")).to_be_hidden()

    page.locator(f"#run-{runs[0].id} input").check()
    page.get_by_label("all 2 that match").check()
    page.locator("#bulk-bar").get_by_role("button", name="Cancel").click()

    expect(page.locator("h1")).to_have_text("Cancel 2 runs")
    page.get_by_label("Reason").fill("enough")
    page.get_by_role("button", name="Cancel 2 runs").click()
    expect(page.locator("h1")).to_have_text("Cancel 2 runs")
    expect(page.get_by_text("0 of 2")).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("enough")


def test_has_room_for_long_figures_and_cuts_only_names(watched, server, flow):
    run = ReportedRun(server, flow=flow)
    page = watched.page
    watched.open(f"/runs/?flow={flow}")
    row = page.locator(f"#run-{run.id}")

    # In one call: what the server tells of the run meanwhile puts the row anew.
    cut, lefts, lefts_of_head = row.evaluate("""row => {
        row.querySelector(".tally").innerHTML = '<svg class="meter"></svg>97 of 100 · 3 failed'
        row.querySelector(".lasted").innerHTML = '<svg class="lapse"></svg>23 h 59 m'
        row.querySelector(".started").textContent = '59 min ago'
        row.querySelector(".name a").textContent = 'a-name-that-goes-on-and-on'.repeat(4)
        const isCut = cell => cell.scrollWidth > cell.clientWidth
        const leftsOf = row => [...row.children].map(cell => Math.round(cell.getBoundingClientRect().left))
        const cells = [".tally", ".lasted", ".started", ".state", "td.name"]
        return [
            Object.fromEntries(cells.map(cell => [cell, isCut(row.querySelector(cell))])),
            leftsOf(row),
            leftsOf(row.closest("table").tHead.rows[0]),
        ]
    }""")

    assert cut == {".tally": False, ".lasted": False, ".started": False, ".state": False, "td.name": True}
    assert lefts == lefts_of_head
