"""Pages of deployments while something happens to them, and their forms with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, Watched

LIVE_MS = 5_000  # a change is usually there within half a second; a busy machine gets more


@pytest.fixture
def deployment(server: Server) -> dict[str, Any]:
    flow = server.request("POST", "/flows/", {"name": "orders"})
    body = {"name": "etl-eu", "flow_id": flow["id"], "schedules": [{"schedule": {"interval": 3600}, "slug": "hourly"}]}
    made: dict[str, Any] = server.request("POST", "/deployments/", body)
    server.request("POST", f"/deployments/{made['id']}/resume_deployment")
    return made


def test_shows_at_once_that_a_deployment_was_paused(watched: Watched, server: Server, deployment):
    """DEP-2: in every list and on its page, while they are open; what a reader selected stays selected."""
    identifier = deployment["id"]
    places = {
        "/deployments/": f"#d-{identifier}",
        f"/deployments/deployment/{identifier}": "#deployment-state",
        f"/flows/flow/{deployment['flow_id']}": f"#d-{identifier}",
    }
    pages: list[tuple[str, Page]] = []
    for address, where in places.items():
        page = watched.page if not pages else watched.page.context.new_page()
        page.goto(address)
        expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
        expect(page.locator(where)).not_to_contain_text("Paused")
        page.evaluate("window.neverReloaded = true")
        pages.append((where, page))
    mark = watched.page.locator(f"#d-{identifier} input")
    mark.check()

    server.request("POST", f"/deployments/{identifier}/pause_deployment")

    for where, page in pages:
        page.bring_to_front()
        expect(page.locator(where)).to_contain_text("Paused", timeout=LIVE_MS)
        expect(page.locator(where)).to_contain_text("over the API")
        assert page.evaluate("window.neverReloaded")
    expect(mark).to_be_checked()


def test_adds_a_schedule_with_the_fields_of_its_kind(watched: Watched, server: Server, deployment):
    """DEP-3: the next times stand beside what is typed, before it is saved."""
    page = watched.page
    watched.open(f"/deployments/deployment/{deployment['id']}/schedules/new")

    page.get_by_label("Every so often").check()
    expect(page.get_by_label("Cron expression")).to_be_hidden()
    page.get_by_label("Every", exact=True).fill("3")
    page.get_by_label("Unit").select_option("hours")
    page.get_by_role("combobox", name="Time zone").fill("Asia/Tokyo")
    expect(page.get_by_role("columnheader", name="In Asia/Tokyo")).to_be_visible(timeout=LIVE_MS)
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_role("button", name="Add the schedule").click()

    expect(page.get_by_role("link", name="every 3 hours")).to_be_visible()


def test_runs_a_deployment_without_scripts(browser: Browser, server: Server, deployment):
    page = browser.new_context(base_url=server.url, java_script_enabled=False).new_page()
    page.goto(f"/deployments/deployment/{deployment['id']}")

    page.get_by_role("button", name="Run", exact=True).click()

    expect(page.get_by_role("status").first).to_contain_text("is planned for now")
    runs = server.request("POST", "/flow_runs/filter", {"deployments": {"id": {"any_": [deployment["id"]]}}})
    assert page.url.rsplit("/", 1)[1] in [run["id"] for run in runs]
