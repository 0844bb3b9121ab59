"""Pages of work pools while runs come and workers go."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import expect

from orchestrator.contract.times import format_time, now
from tests.browser.conftest import Server, Watched

LIVE_MS = 5_000  # a change is usually there within half a second; a busy machine gets more


def test_tells_of_workers_and_waiting_runs_as_they_come_and_go(watched: Watched, server: Server):
    """POOL-1, POOL-2: what waits and who died is there without a reload, and what is typed meanwhile stays."""
    name = f"eu-{uuid4().hex[:6]}"
    pool = server.request("POST", "/work_pools/", {"name": name, "type": "process", "concurrency_limit": 2})
    flow = server.request("POST", "/flows/", {"name": "orders"})["id"]
    page = watched.page
    watched.open(f"/work-pools/work-pool/{name}")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    page.evaluate("window.neverReloaded = true")
    command = page.locator("button.copy")
    command.click()
    expect(command).to_have_text("Copied")
    typed = page.get_by_role("textbox", name="Limit of default")
    typed.fill("7")

    due = {"type": "SCHEDULED", "state_details": {"scheduled_time": format_time(now() - timedelta(minutes=3))}}
    place = {"name": f"d-{name}", "flow_id": flow, "work_pool_name": name}
    deployment = server.request("POST", "/deployments/", place)["id"]
    run = server.request("POST", f"/deployments/{deployment}/create_flow_run", {"state": due})
    expect(page.locator("#pool")).to_contain_text("1 run waits", timeout=LIVE_MS)
    expect(page.locator("#runs")).to_contain_text(run["name"], timeout=LIVE_MS)

    beat = {"name": "w-1", "heartbeat_interval_seconds": 1}
    server.request("POST", f"/work_pools/{name}/workers/heartbeat", beat)
    expect(page.locator("#workers")).to_contain_text("Online", timeout=LIVE_MS)
    expect(page.locator("#pool")).to_contain_text("1 online", timeout=LIVE_MS)

    page.wait_for_timeout(2_000)  # the worker is silent for two of its heartbeats
    server.request("PATCH", f"/work_pools/{name}", {"description": "What runs in Europe"})
    expect(page.locator("#workers")).to_contain_text("Offline since", timeout=LIVE_MS)
    expect(page.locator("#pool")).to_contain_text("No worker", timeout=LIVE_MS)

    expect(typed).to_be_focused()
    expect(typed).to_have_value("7")
    assert page.evaluate("window.neverReloaded")
    assert pool["name"] == name
