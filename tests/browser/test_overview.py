"""The overview while it is open, the palette, and the keys."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ReportedRun, Server, Watched, wait_for_scripts

SOON_MS = 10_000


SHIFTED = """new Promise((tell) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => tell(sum)));
})"""


def test_shows_a_failing_run_without_a_reload(watched: Watched, server: Server):
    """OV-1, OV-4: it appears in *Needs attention*, and the icon and the title turn."""
    page = watched.page
    watched.open("/")
    expect(page.locator("#live-status")).to_have_text("live", timeout=SOON_MS)
    assert page.evaluate(SHIFTED) < 0.02  # ALL-6
    page.evaluate("window.wasLoadedOnce = true")

    run = ReportedRun(server, flow="attention-please")
    run.set_state("RUNNING")
    run.set_state("FAILED", "Flow run encountered an exception: KeyError: 'table'")

    row = page.locator("li", has_text="attention-please failed")
    expect(row).to_be_visible(timeout=SOON_MS)
    expect(row).to_contain_text("KeyError: 'table'")
    expect(page).to_have_title(re.compile(r"^\(\d+ failed\) Overview"))
    assert "b91c1c" in page.locator("#favicon").get_attribute("href")
    assert page.evaluate("window.wasLoadedOnce")


def test_goes_anywhere_from_the_palette(watched: Watched, server: Server):
    """SRCH-1: a fragment of a name is enough."""
    run = ReportedRun(server, name="palette-otter")
    page = watched.page
    watched.open("/")

    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search and commands")
    expect(palette.get_by_role("option", name="Overview")).to_be_visible()
    page.keyboard.type("te-otter")
    expect(palette.get_by_role("option", name="palette-otter")).to_be_visible(timeout=SOON_MS)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{server.url}{run.page}")
    page.keyboard.press("Control+k")  # on the page of a thing, first of all what can be done to it
    expect(palette.get_by_role("option").first).to_contain_text("on this page")
    page.keyboard.type("state hist")
    page.keyboard.press("Enter")  # at once: what was first before is not meant
    expect(page).to_have_url(f"{server.url}{run.page}/history")
    wait_for_scripts(page)
    page.keyboard.press("Control+k")
    expect(palette.get_by_role("option", name="palette-otter")).to_contain_text("seen before")


def test_obeys_single_keys_but_not_while_somebody_types(browser: Browser, server: Server):
    """SET-1: and not at all where the reader switched them off."""
    context = browser.new_context(base_url=server.url, timezone_id="Europe/Berlin")
    page = context.new_page()
    page.goto("/")
    expect_page_in_zone(page, "Europe/Berlin")

    page.keyboard.press("t")
    expect_page_in_zone(page, "UTC")
    page.keyboard.press("t")
    expect_page_in_zone(page, "Europe/Berlin")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("Show these keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("gr?")
    expect(page.locator("input[name=tag]")).to_have_value("gr?")
    page.locator("h1").click()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(f"{server.url}/settings/")

    page.get_by_label("Single keys").select_option("off")
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    wait_for_scripts(page)
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_attribute("aria-label", "Search and commands")
    expect(page).to_have_url(f"{server.url}/settings/")


def expect_page_in_zone(page: Page, zone: str) -> None:
    """Loaded anew, and with the scripts that hear keys."""
    expect(page.locator(".tool span")).to_have_text(zone)
    wait_for_scripts(page)


def test_can_be_used_with_a_thumb(browser: Browser, server: Server):
    """MOB-1, MOB-2, ALL-7: the bar at the foot leads everywhere, the first run is in sight, back is where one was."""
    for _ in range(14):
        run = ReportedRun(server, flow="for-a-thumb")
        run.set_state("RUNNING")
    page = browser.new_context(base_url=server.url, viewport={"width": 390, "height": 844}).new_page()
    page.goto("/")

    page.get_by_role("navigation", name="Main, for a thumb").get_by_role("link", name="Runs").click()
    row = page.get_by_role("link", name=run.name).first
    expect(row).to_be_visible()
    assert row.bounding_box()["y"] < 844 - 56
    page.get_by_role("link", name="More").click()
    expect(
        page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Limits")
    ).to_be_in_viewport()
    page.goto("/runs/?state=running&flow=for-a-thumb")
    page.evaluate("scrollTo(0, 120)")
    page.get_by_role("link", name=run.name).first.click()
    expect(page).to_have_url(f"{server.url}{run.page}")
    page.go_back()
    expect(page).to_have_url(f"{server.url}/runs/?state=running&flow=for-a-thumb")
    expect(page.get_by_role("link", name=run.name).first).to_be_visible()
    assert page.evaluate("scrollY") == 120
    for address in ("/", "/search?q=x", "/settings/", "/runs/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_retries_a_failed_run_with_two_taps(browser: Browser, server: Server):
    """MOB-3: retry a failed run with two taps."""
    flow_id = server.request("POST", "/flows/", {"name": "tapped"})["id"]
    deployment = server.request("POST", "/deployments/", {"flow_id": flow_id, "name": "tapped-eu"})
    made = server.request("POST", f"/deployments/{deployment['id']}/create_flow_run", {"state": {"type": "RUNNING"}})
    server.request("POST", f"/flow_runs/{made['id']}/set_state", {"state": {"type": "FAILED"}, "force": True})
    context = browser.new_context(base_url=server.url, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto("/runs/?state=failed&deployment=tapped-eu")

    page.get_by_role("link", name=made["name"]).first.tap()
    retry = page.get_by_role("button", name="Retry")
    expect(retry).to_be_in_viewport()
    assert min(retry.bounding_box()[side] for side in ("width", "height")) >= 44
    retry.tap()

    expect(page.locator("#run-state")).to_have_text("AwaitingRetry")
