"""A change reaches the page without disturbing whoever uses it."""

from __future__ import annotations

import itertools
import json
from uuid import uuid4

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from orchestrator.contract.times import now

LIVE_MS = 5_000

# What a part of the page might hold: each fragment of the header does, from the first that the page asks for.
EXTRA = """<div id="extra"><details id="more"><summary>More</summary>words</details>
<input id="typed"><input id="chosen" type="checkbox"><p id="kept" data-keep>from the server</p>
<p id="read">Select these words</p></div>"""


@pytest.fixture
def page(watched, run) -> Page:
    """The page of a run whose header holds more than ours do."""

    def answer(route):
        response = route.fetch()
        text = response.text()
        end = text.rindex("</section>")  # of the header itself: it may hold others, which come and go
        route.fulfill(response=response, body=text[:end] + EXTRA + text[end:])

    watched.page.route("**/*fragment=header*", answer)
    watched.open(run.page)
    expect(watched.page.locator("#extra")).to_be_visible(timeout=LIVE_MS)
    return watched.page


def change(page: Page, run) -> None:
    """Let the run go on, and wait until the page says so."""
    run.set_state("RUNNING")
    expect(page.locator("#run-state")).to_have_text("Running", timeout=LIVE_MS)


def test_keeps_focus_typed_text_and_the_place_in_it(page, run):
    page.locator("#typed").fill("half a word")
    page.locator("#typed").evaluate("(input) => input.setSelectionRange(2, 6)")

    change(page, run)

    expect(page.locator("#typed")).to_be_focused()
    expect(page.locator("#typed")).to_have_value("half a word")
    assert page.locator("#typed").evaluate("(input) => [input.selectionStart, input.selectionEnd]") == [2, 6]


def test_keeps_what_was_opened_ticked_and_typed_elsewhere(page, run):
    page.locator("#more summary").click()
    page.locator("#chosen").check()
    page.locator("#typed").fill("half a word")
    page.locator("h1").click()

    change(page, run)

    expect(page.locator("#more")).to_have_attribute("open", "")
    expect(page.locator("#chosen")).to_be_checked()
    expect(page.locator("#typed")).to_have_value("half a word")


def test_keeps_focus_and_selection_through_many_updates(watched, run):
    """LIVE-4: focus and selection survive 50 updates."""
    page, updates = watched.page, itertools.count(1)

    header = page.context.request.get(f"{run.page}?fragment=header").text()
    end = header.rindex("</section>")

    def answer(route):
        body = f"{header[:end]}{EXTRA}<i id='update'>{next(updates)}</i>{header[end:]}"
        route.fulfill(body=body if "fragment=header" in route.request.url else "")

    def subscribe(socket):
        sockets.append(socket)
        socket.on_message(lambda _: socket.send('{"type": "subscribed", "missed": []}'))

    def update():
        sockets[0].send(json.dumps({"type": "changed", "topics": [f"run:{run.id}"]}))
        page.clock.run_for(500)

    sockets: list[WebSocketRoute] = []
    page.clock.install()
    page.route_web_socket("**/ws/live", subscribe)
    page.route("**/*fragment=*", answer)
    page.goto(run.page)
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    while page.locator("#typed").count() == 0:
        update()
    page.locator("#typed").fill("half a word")
    page.locator("#typed").evaluate("(input) => input.setSelectionRange(2, 6)")

    while int(page.locator("#update").inner_text()) <= 50:
        update()

    expect(page.locator("#typed")).to_be_focused()
    assert page.locator("#typed").evaluate("(input) => [input.selectionStart, input.selectionEnd]") == [2, 6]
    expect(page.locator("#typed")).to_have_value("half a word")


def test_keeps_selected_words_selected(page, run):
    page.locator("#read").select_text()

    change(page, run)

    assert page.evaluate("getSelection().toString()") == "Select these words"


def test_leaves_what_is_the_pages_own(page, run):
    page.locator("#kept").evaluate("(element) => { element.textContent = 'from the page'; }")

    change(page, run)

    expect(page.locator("#kept")).to_have_text("from the page")
    expect(page.locator("#live-status")).to_have_text("live")


def test_keeps_the_focused_link_of_a_timeline_that_grows(watched, run):
    run.set_state("RUNNING")
    run.report_task(str(uuid4()), "extract-1", "RUNNING", started=now())
    watched.open(run.page)
    expect(watched.page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    watched.page.get_by_role("link", name="extract-1").first.focus()

    run.report_task(str(uuid4()), "extract-2", "RUNNING", started=now())
    expect(watched.page.locator(".gantt li a")).to_have_text(["extract-1", "extract-2"], timeout=LIVE_MS)

    expect(watched.page.locator(".gantt li a").first).to_be_focused()
