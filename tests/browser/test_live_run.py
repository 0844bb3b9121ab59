"""The page of a run changes while the run goes on, and nobody has to reload it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import expect

from orchestrator.contract.times import format_time, now
from tests.browser.conftest import ReportedRun, Watched, report_task

LIVE_MS = 5_000  # a change is usually there within half a second; a busy machine gets more


def open_run(watched: Watched, run: ReportedRun, query: str = "") -> None:
    watched.page.goto(run.page + query)
    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    watched.page.evaluate("window.neverReloaded = true")


def test_shows_the_states_tasks_and_lines_of_a_run_as_they_come(watched, run):
    open_run(watched, run)
    page, task, start = watched.page, str(uuid4()), now()
    expect(page.locator("#run-state")).to_have_text("Pending")

    run.set_state("RUNNING")
    expect(page.locator("#run-state")).to_have_text("Running", timeout=LIVE_MS)

    run.report_task(task, "get_number-3a9", "RUNNING", started=start)
    expect(page.locator(".gantt li a")).to_have_text("get_number-3a9", timeout=LIVE_MS)
    bar = page.locator(".plot rect.mark")
    expect(bar).to_have_attribute("data-grow", re.compile(r"^\d+\.\d+$"))
    expect(bar).not_to_have_attribute("width", bar.get_attribute("width"), timeout=LIVE_MS)  # it grows by itself

    run.log("the first line", "the second line")
    expect(page.locator("#log li span")).to_have_text(["the first line", "the second line"], timeout=LIVE_MS)
    expect(page.locator("#log-levels .chip").first).to_have_text("All 2")

    run.report_task(task, "get_number-3a9", "COMPLETED", started=start, ended=start + timedelta(seconds=1))
    expect(page.locator(".plot a.tone-completed")).to_have_count(1, timeout=LIVE_MS)

    run.set_state("COMPLETED")
    expect(page.locator("#run-state")).to_have_text("Completed", timeout=LIVE_MS)
    expect(page.locator(".history li")).to_have_count(3)
    expect(page).to_have_title(re.compile("Completed"))
    assert page.evaluate("window.neverReloaded")


def test_shows_a_script_from_its_first_moment_to_its_last(watched, server):
    page = watched.page
    page.goto("/runs/?flow=concurrent+analysis")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)

    script = server.run_script("examples/concurrent_analysis.py")
    page.locator("#run-rows .name a").first.click(timeout=20_000)
    page.evaluate("window.neverReloaded = true")

    expect(page.locator("#run-state")).to_have_text("Completed", timeout=30_000)
    expect(page.locator(".gantt li")).to_have_count(4, timeout=LIVE_MS)  # two of the five runs are of one task
    expect(page.locator(".sum")).to_contain_text("up to 2 at once")
    expect(page.locator("#log li").last).to_contain_text("Finished in state Completed()", timeout=LIVE_MS)
    assert page.evaluate("window.neverReloaded")
    assert script.wait(20) == 0


def test_shows_the_reason_as_soon_as_the_run_fails(watched, run):
    open_run(watched, run)

    run.set_state("RUNNING")
    (line,) = run.log(
        "Traceback (most recent call last):\n  File \"flows.py\", line 45, in load\nKeyError: 'table'", level=40
    )
    run.set_state("FAILED", message="Flow run encountered an exception: KeyError: 'table'")

    expect(watched.page.locator(".failure strong")).to_have_text("KeyError: 'table'", timeout=LIVE_MS)
    watched.page.get_by_text("Go to the log line").click()
    expect(watched.page.locator(f"#L{line}")).to_be_in_viewport()


def test_keeps_what_somebody_types_and_reads_while_lines_come(watched, run):
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(300)))
    open_run(watched, run)
    page = watched.page
    page.locator("#part-logs input[type=search]").fill("half a wo")
    page.evaluate("document.getElementById('log').scrollTop = 1800")
    first_visible = """() => { const log = document.getElementById('log');
        const top = log.getBoundingClientRect().top;
        return [...log.children].find((line) => line.getBoundingClientRect().bottom > top).id; }"""
    before = page.evaluate(first_visible)

    run.log(*(f"later {number}" for number in range(200)))
    expect(page.locator("#unseen")).to_have_text("200 new lines · Follow (f)", timeout=LIVE_MS)

    assert page.evaluate(first_visible) == before
    assert page.locator("#part-logs input[type=search]").input_value() == "half a wo"
    expect(page.locator("#part-logs input[type=search]")).to_be_focused()
    page.locator("#unseen").click()
    expect(page.locator("#log li").last).to_be_in_viewport()


def test_follows_the_end_of_the_log(watched, run):
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(200)))
    open_run(watched, run)

    run.log(*(f"later {number}" for number in range(50)))

    expect(watched.page.locator("#log li")).to_have_count(250, timeout=LIVE_MS)
    expect(watched.page.locator("#log li").last).to_be_in_viewport()


def test_puts_a_late_line_where_its_time_belongs(watched, run):
    start = now()
    run.set_state("RUNNING")
    run.log("first", at=start)
    run.log("third", at=start + timedelta(seconds=2))
    open_run(watched, run)

    run.log("second", at=start + timedelta(seconds=1))

    expect(watched.page.locator("#log li span")).to_have_text(["first", "second", "third"], timeout=LIVE_MS)


def test_does_not_run_what_a_run_logs(watched, run):
    open_run(watched, run)

    run.log("<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>")

    expect(watched.page.locator("#log li span")).to_contain_text("<script>", timeout=LIVE_MS)
    assert watched.page.evaluate("window.hacked") is None


def test_opens_a_link_to_a_line_that_is_far_from_the_end(watched, run):
    ids = run.log(*(f"line {number}" for number in range(900)))
    run.log(*(f"more {number}" for number in range(900)))
    run.set_state("RUNNING")

    watched.page.goto(f"{run.page}#L{ids[10]}")

    expect(watched.page.locator(f"#L{ids[10]}")).to_be_in_viewport(timeout=LIVE_MS)


def test_cancels_a_run_at_the_press_of_a_button(watched, run):
    run.set_state("RUNNING")
    open_run(watched, run)

    watched.page.get_by_role("button", name="Cancel run").click()

    expect(watched.page.get_by_role("status").first).to_contain_text("The run is asked to stop.")
    expect(watched.page.locator("#run-state")).to_have_text(re.compile("Cancel"))


def test_shows_a_task_that_runs_in_the_background_as_it_goes_on(watched, server):
    task, start = str(uuid4()), now()
    report_task(server, task, "resize-1", "RUNNING", started=start)
    page = watched.page
    page.goto(f"/runs/task-run/{task}")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    page.evaluate("window.neverReloaded = true")

    line = {"name": "task_runs", "level": 20, "message": "half done", "timestamp": format_time(now())}
    server.request("POST", "/logs/", [line | {"task_run_id": task}])
    expect(page.locator("#log li span")).to_have_text(["half done"], timeout=LIVE_MS)
    report_task(server, task, "resize-1", "COMPLETED", started=start, ended=now())

    expect(page.locator("#run-state")).to_have_text("Completed", timeout=LIVE_MS)
    expect(page.locator("#part-facts .history li")).to_have_count(2, timeout=LIVE_MS)
    assert page.evaluate("window.neverReloaded")


def test_catches_up_after_the_server_was_gone(browser, own_server):
    run = ReportedRun(own_server)
    run.set_state("RUNNING")
    run.log("before")
    watched = Watched(browser.new_context(base_url=own_server.url))
    open_run(watched, run)

    own_server.stop()
    expect(watched.page.locator("#live-status")).to_have_text(re.compile("reconnecting|polling"), timeout=LIVE_MS)
    own_server.start()
    run.log("while nobody listened")
    run.set_state("COMPLETED")

    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=45_000)
    expect(watched.page.locator("#log li span")).to_have_text(["before", "while nobody listened"], timeout=LIVE_MS)
    expect(watched.page.locator("#run-state")).to_have_text("Completed")
    assert watched.page.evaluate("window.neverReloaded")


def test_asks_every_ten_seconds_where_no_socket_gets_through(watched, run):
    watched.page.route_web_socket("**/ws/live", lambda socket: socket.close(code=1011))
    watched.page.goto(run.page)

    expect(watched.page.locator("#live-status")).to_have_text("polling every 10 s", timeout=30_000)
    run.set_state("RUNNING")

    expect(watched.page.locator("#run-state")).to_have_text("Running", timeout=15_000)
