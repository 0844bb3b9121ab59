"""Events and artifacts in a browser: what changes while somebody looks."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import expect

from orchestrator.contract.times import format_time, now
from tests.browser.conftest import wait_for_scripts


def report(server, name, resource="shop.1", **payload):
    server.request(
        "POST",
        "/events",
        [
            {
                "id": str(uuid4()),
                "occurred": format_time(now()),
                "event": name,
                "resource": {"prefect.resource.id": resource},
                "related": [],
                "payload": payload,
                "follows": None,
            }
        ],
    )


def test_lets_new_events_wait_while_somebody_reads(server, watched):
    """EV-1, EV-3: at least twenty rows at 1440 × 900, and live insert keeps the reading position."""
    for number in range(60):
        report(server, f"reading.event-{number}")
    page = watched.page
    watched.open("/events/?prefix=reading.&size=50")
    expect(page.locator("#live-status")).to_have_text("live")
    in_sight = "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    assert page.locator("#event-rows tr").evaluate_all(in_sight) >= 20
    line = page.get_by_role("link", name="reading.event-30", exact=True)
    line.scroll_into_view_if_needed()
    page.mouse.wheel(0, 300)
    page.wait_for_function("scrollY > 100")
    before = line.bounding_box()

    report(server, "reading.new")

    held = page.locator("#held")
    expect(held).to_contain_text("1 new")
    assert abs(line.bounding_box()["y"] - before["y"]) < 1
    page.evaluate("document.getElementById('held').click()")
    expect(page.locator("#event-rows tr").first).to_contain_text("reading.new")


def test_opens_an_event_between_the_rows_and_remembers_it_in_the_address(server, watched):
    report(server, "opened.event", sold="flour")
    page = watched.page
    watched.open("/events/?prefix=opened.")

    page.get_by_role("link", name="opened.event", exact=True).press("Enter")

    expect(page.locator("tr.opened")).to_contain_text('"sold": "flour"')
    assert "open=" in page.url
    page.reload()
    wait_for_scripts(page)
    expect(page.locator("tr.opened")).to_contain_text('"sold": "flour"')
    page.get_by_role("link", name="opened.event", exact=True).click()
    expect(page.locator("tr.opened")).to_have_count(0)
    assert "open=" not in page.url


def test_moves_progress_while_somebody_looks(server, watched):
    """ART-2: progress moves live."""
    made = server.request("POST", "/artifacts/", {"key": "backfill", "type": "progress", "data": 10.0})
    page = watched.page
    watched.open(f"/artifacts/artifact/{made['id']}")
    expect(page.locator("#live-status")).to_have_text("live")
    expect(page.locator("#content")).to_contain_text("10 %")

    server.request("PATCH", f"/artifacts/{made['id']}", {"data": 60.0})
    report(server, "prefect.artifact.updated", f"prefect.artifact.{made['id']}", data=60.0)

    expect(page.locator("#content")).to_contain_text("60 %")
