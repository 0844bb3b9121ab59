"""The page of a run in a browser: what it shows without scrolling, while it changes, and without a script."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Browser, expect

from orchestrator.contract.times import now
from tests.browser.conftest import ReportedRun, Server, Watched

TRACEBACK = """Encountered exception during execution:
Traceback (most recent call last):
  File "/srv/code/flows.py", line 45, in load
    return d["table"]
KeyError: 'table'
"""


def fail(run: ReportedRun) -> None:
    """A task and its run fail, and the log tells where, after the state."""
    run.report_task(str(uuid4()), "load", "FAILED", started=now() - timedelta(seconds=3), ended=now())
    run.set_state("FAILED", "Flow run failed with KeyError: 'table'")
    run.log(TRACEBACK, level=40)


def test_shows_error_and_place_in_view_as_soon_as_the_run_has_failed(watched: Watched, run: ReportedRun) -> None:
    """RUN-1, RUN-3: without scrolling or a click, also where the traceback arrives after the state."""
    run.set_state("RUNNING")
    watched.open(run.page)
    expect(watched.page.locator("#live-status")).to_have_text("live")

    fail(run)

    card = watched.page.locator(".card.failure")
    expect(watched.page.locator("#run-state")).to_contain_text("Failed")
    expect(card.locator("strong").first).to_have_text("KeyError: 'table'")
    expect(card.locator("strong").first).to_be_in_viewport()
    expect(card.get_by_text("flows.py:45", exact=True)).to_be_in_viewport()
    expect(card.get_by_role("link", name="load")).to_be_in_viewport()


def test_zooms_and_chooses_a_task_by_address(watched: Watched, run: ReportedRun) -> None:
    """A key, a stretch drawn with the mouse and a click change the address; going back takes it back."""
    began, task = now() - timedelta(seconds=100), str(uuid4())
    run.set_state("RUNNING")
    run.report_task(task, "load", "COMPLETED", started=began, ended=now())
    run.set_state("COMPLETED")
    page = watched.page
    watched.open(run.page)
    plot = page.locator(".plot > svg")
    whole = plot.get_attribute("data-t1")

    page.keyboard.press("+")
    expect(plot).not_to_have_attribute("data-t1", whole or "")
    assert "t0=" in page.url
    page.keyboard.press("0")
    expect(plot).to_have_attribute("data-t1", whole or "")

    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 35)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 35, steps=4)
    page.mouse.up()
    expect(plot).not_to_have_attribute("data-t1", whole or "")

    close = plot.get_attribute("data-t1")
    page.keyboard.down("Control")
    page.mouse.wheel(0, 400)
    page.keyboard.up("Control")
    expect(plot).not_to_have_attribute("data-t1", close or "")
    page.keyboard.press("-")
    expect(plot).to_have_attribute("data-t0", plot.get_attribute("data-first") or "")

    page.get_by_text("by start").click()
    expect(page.get_by_text("failed first")).to_be_focused()  # the same link, which says what it does now

    page.locator(f'.plot a[data-task="{task}"]').click()
    expect(page.get_by_text("Choose none")).to_be_visible()
    assert f"task={task}" in page.url
    page.go_back()
    expect(page.get_by_text("Choose none")).to_have_count(0)


def test_shows_what_a_row_waited_for_while_one_looks_at_it(watched: Watched, run: ReportedRun) -> None:
    """Under the mouse or with the focus: the edges of the row, both of its halves, and its bar in words."""
    began, first, second = now() - timedelta(seconds=100), str(uuid4()), str(uuid4())
    run.set_state("RUNNING")
    run.report_task(first, "extract", "COMPLETED", started=began, ended=began + timedelta(seconds=20))
    run.report_task(second, "load", "COMPLETED", started=began + timedelta(seconds=30), ended=now(), upstream=[first])
    run.set_state("COMPLETED")
    page = watched.page
    watched.open(run.page)
    edges, rows = page.locator(".plot .own"), page.locator(".gantt li")
    expect(edges).to_have_count(2)
    expect(edges.first).to_be_hidden()

    rows.nth(1).hover()
    expect(edges.nth(1)).to_be_visible()
    expect(edges.nth(0)).to_be_hidden()

    page.mouse.move(5, 5)
    expect(edges.nth(1)).to_be_hidden()
    page.locator(".plot a").first.focus()
    expect(edges.nth(0)).to_be_visible()
    expect(rows.nth(0)).to_have_class(re.compile("hot"))
    expect(page.locator("#at-hand")).to_contain_text("extract: Completed, 20 s")


def test_walks_along_the_runs_of_a_deployment_with_keys(watched: Watched, server: Server) -> None:
    flow = f"walked-{uuid4()}"
    earlier, later = (ReportedRun(server, flow=flow) for _ in range(2))
    page = watched.page
    watched.open(later.page)

    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", level=1)).to_have_text(earlier.name)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1)).to_have_text(later.name)
    page.keyboard.press("l")
    expect(page.locator("#log")).to_be_focused()
    page.keyboard.press("ArrowLeft")  # scrolls in the log
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text(flow)


def test_reads_and_acts_without_a_script(browser: Browser, server: Server) -> None:
    """RUN-10: header, failure, timeline and log are there, and forms post."""
    run = ReportedRun(server)
    run.set_state("RUNNING")
    fail(run)
    page = browser.new_context(base_url=server.url, java_script_enabled=False).new_page()

    page.goto(run.page)

    expect(page.get_by_role("heading", level=1)).to_have_text(run.name)
    expect(page.get_by_text("flows.py:45", exact=True)).to_be_visible()
    expect(page.locator(".plot rect.mark").first).to_be_visible()
    expect(page.locator("#log li").first).to_be_visible()
    expect(page.locator("button.copy").first).to_be_hidden()  # it would do nothing

    page.get_by_label("More to do with this run").click()
    page.get_by_label("Set the state to").select_option("COMPLETED")
    page.get_by_label("Reason").fill("done by hand")
    page.get_by_role("button", name="Set state").click()

    expect(page.get_by_text("The run is Completed.")).to_be_visible()
    expect(page.locator("#run-state")).to_contain_text("Completed")
