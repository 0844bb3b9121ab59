"""The page of a run changes while the run goes on, and nobody has to reload it."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import expect

from orchestrator.contract.times import format_time, now
from tests.browser.conftest import WATCH_SHIFTS, ReportedRun, Watched, report_task

WIDER_WORD = 0.002  # of the layout: a column that makes room for “Completed”
LIVE_MS = 5_000  # a change is usually there within half a second; a busy machine gets more


def open_run(watched: Watched, run: ReportedRun, query: str = "") -> None:
    watched.page.goto(run.page + query)  # its scripts have begun when it is loaded, as on every page with a log
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
    watched.open("/runs/?flow=concurrent+analysis")
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

    watched.open(f"{run.page}#L{ids[10]}")

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
    watched.open(f"/runs/task-run/{task}")
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
    """LIVE-3: after the server was killed the page recovers alone, and no log line is missing or there twice."""
    run = ReportedRun(own_server)
    run.set_state("RUNNING")
    run.log(*(f"before {number}" for number in range(20)))
    watched = Watched(browser.new_context(base_url=own_server.url))
    open_run(watched, run)

    own_server.stop()
    expect(watched.page.locator("#live-status")).to_have_text(re.compile("reconnecting|polling"), timeout=LIVE_MS)
    own_server.start()
    run.log(*(f"while nobody listened {number}" for number in range(20)))
    run.set_state("COMPLETED")

    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=45_000)
    run.log(*(f"after {number}" for number in range(20)))
    lines = [f"{part} {number}" for part in ("before", "while nobody listened", "after") for number in range(20)]
    expect(watched.page.locator("#log li span")).to_have_text(lines, timeout=LIVE_MS)
    expect(watched.page.locator("#run-state")).to_have_text("Completed")
    assert watched.page.evaluate("window.neverReloaded")


def test_asks_every_ten_seconds_where_no_socket_gets_through(watched, run):
    """LIVE-6: with the socket blocked the page says that it polls, and shows a change within 10 s."""
    page = watched.page
    page.clock.install()
    page.route_web_socket("**/ws/live", lambda socket: socket.close(code=1011))
    page.goto(run.page)
    tries = 0
    while page.locator("#live-status").inner_text() != "polling every 10 s":
        page.clock.run_for(1_000)
        assert (tries := tries + 1) < 60
    run.set_state("RUNNING")

    page.clock.run_for(10_000)

    expect(page.locator("#run-state")).to_have_text("Running", timeout=LIVE_MS)


def test_shows_the_last_of_many_changes_with_few_messages(watched, run):
    """LIVE-2: however fast the state changes, at most 4.5 messages a second and topic, and the final state is right."""
    frames: list[str] = []
    watched.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    open_run(watched, run)
    begun = time.monotonic()

    for step in range(60):
        state = {"type": "RUNNING", "name": f"Step {step}"}
        watched.page.context.request.post(f"/api/flow_runs/{run.id}/set_state", data={"state": state, "force": True})
    expect(watched.page.locator("#run-state")).to_have_text("Step 59", timeout=LIVE_MS)

    told = [frame for frame in frames if '"changed"' in frame and f"run:{run.id}" in frame]
    assert 0 < len(told) <= 4.5 * (time.monotonic() - begun) + 1


def test_moves_nothing_while_things_change(watched, run):
    """LIVE-5: after it was loaded nothing on the page moves, not while lines come, nor under the mouse in a list."""
    page, flow = watched.page, f"flow-{run.name}"
    page.add_init_script(WATCH_SHIFTS)
    run.set_state("RUNNING")
    run.log(*(f"line {number}" for number in range(60)))
    open_run(watched, run)
    page.evaluate("window.shifted = 0")

    run.log(*(f"later {number}" for number in range(60)))
    expect(page.locator("#log li")).to_have_count(120, timeout=LIVE_MS)
    assert page.evaluate("window.shifted") < WIDER_WORD

    first = ReportedRun(run.server, flow=flow)
    first.set_state("RUNNING")
    watched.open(f"/runs/?flow={flow}")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    page.locator("#run-rows tr").hover()
    page.evaluate("window.shifted = 0")

    ReportedRun(run.server, flow=flow).set_state("RUNNING")
    expect(page.locator("#held")).to_have_text("1 new · show", timeout=LIVE_MS)
    first.set_state("COMPLETED")
    expect(page.locator("#run-rows .badge").first).to_have_text("Completed", timeout=LIVE_MS)
    assert page.evaluate("window.shifted") < WIDER_WORD


def test_lets_its_socket_go_while_nobody_looks(watched, run):
    """A tab in the background closes its socket after a minute, and catches up when somebody looks again."""
    page = watched.page
    page.clock.install()
    open_run(watched, run)
    look = """(hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange")); }"""

    page.evaluate(look, True)
    with page.expect_websocket() as reopened:
        page.clock.run_for(61_000)
        run.set_state("RUNNING")
        page.evaluate(look, False)

    assert reopened.value.url.endswith("/ws/live")
    expect(page.locator("#run-state")).to_have_text("Running", timeout=LIVE_MS)


def test_tells_what_changed_unless_it_is_paused(watched, run):
    """`p` freezes the page, and its title counts what waits; who hears the page is told in a few words."""
    open_run(watched, run)
    page, news = watched.page, watched.page.locator("p[aria-live=polite]")

    page.keyboard.press("p")
    expect(page.locator("#live-status")).to_have_text("paused (p to go on)")
    run.set_state("RUNNING")
    expect(page).to_have_title(re.compile(r"^\(1 new\) "), timeout=LIVE_MS)
    expect(page.locator("#run-state")).to_have_text("Pending")

    page.keyboard.press("p")
    expect(page.locator("#run-state")).to_have_text("Running", timeout=LIVE_MS)
    expect(news).to_have_text(f"{run.name} · Running")
    expect(page.locator("#live-status")).to_have_text("live")
