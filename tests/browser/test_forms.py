"""Forms that are made from schemas, as people fill them in: with scripts, without, and while the page changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ReportedRun, Server, Watched

LIVE_MS = 5_000
TABLE = {
    "type": "object",
    "title": "Table",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "rows": {"type": "integer", "minimum": 1}},
}
SCHEMA = {
    "type": "object",
    "required": ["region"],
    "properties": {
        "region": {"type": "string", "position": 0},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "position": 1},
        "pet": {"anyOf": [TABLE, {"type": "integer"}, {"type": "null"}], "default": None, "position": 2},
        "tables": {"type": "array", "items": TABLE, "default": [], "position": 3},
    },
}


@pytest.fixture
def deployment(server: Server) -> str:
    flow = server.request("POST", "/flows/", {"name": "forms"})["id"]
    body = {
        "name": "custom",
        "flow_id": flow,
        "parameter_openapi_schema": SCHEMA,
        "parameters": {"region": "eu"},
        "enforce_parameter_schema": True,
    }
    return str(server.request("POST", "/deployments/", body)["id"])


def field(page: Page, name: str) -> Any:
    return page.locator(f'[id="{name}"]')


def parameters_of_shown_run(page: Page, server: Server) -> dict[str, Any]:
    page.wait_for_url("**/runs/flow-run/*")
    found: dict[str, Any] = server.request("GET", f"/flow_runs/{page.url.rpartition('/')[2]}")["parameters"]
    return found


def test_a_custom_run_is_put_together_on_one_page(watched: Watched, server: Server, deployment: str):
    """FORM-3: rows come without a reload, what differs is listed as it is typed, and an error gets the focus."""
    page = watched.page
    watched.open(f"/deployments/deployment/{deployment}/run")
    page.evaluate("window.neverReloaded = true")

    field(page, "p.region").fill("us")
    expect(page.locator("#diff")).to_contain_text("us", timeout=LIVE_MS)
    page.get_by_role("button", name="Add to tables").click()
    expect(field(page, "p.tables.0.name")).to_be_focused()
    page.keyboard.type("orders")
    field(page, "p.tables.0.rows").fill("0")
    page.get_by_label("Kind of pet", exact=True).select_option("whole number")
    page.locator("input[id='p.pet']").fill("7")
    field(page, "p.note").fill("typed")
    assert page.evaluate("window.neverReloaded")
    page.keyboard.press("Enter")

    expect(field(page, "p.tables.0.rows")).to_be_focused()
    expect(page.locator("main")).to_contain_text("0 is less than the minimum of 1")
    watched.complaints.clear()  # the browser tells of every answer that is no success
    field(page, "p.tables.0.rows").fill("5")
    page.keyboard.press("Enter")
    assert parameters_of_shown_run(page, server) == {
        "region": "us",
        "note": "typed",
        "pet": 7,
        "tables": [{"name": "orders", "rows": 5}],
    }


def test_rows_come_and_go_without_scripts(browser: Browser, server: Server, deployment: str):
    """FORM-2: add and remove rows by submit buttons."""
    page = browser.new_context(base_url=server.url, java_script_enabled=False).new_page()
    page.goto(f"/deployments/deployment/{deployment}/run")

    for name in ("a", "b"):
        page.get_by_role("button", name="Add to tables").click()
        page.locator("[id^='p.tables.'][id$='.name']").last.fill(name)
    page.get_by_role("button", name="Remove Table 1").click()
    page.get_by_role("button", name="Run", exact=True).first.click()

    assert parameters_of_shown_run(page, server) == {"region": "eu", "tables": [{"name": "b"}]}


def test_a_paused_run_is_answered_on_its_page(watched: Watched, server: Server, run: ReportedRun):
    """RUN-9: the form of the question is on the page, keeps what is typed, and lets the run go on."""
    question = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer"}}}
    keys = {name: f"q-{name}" for name in ("schema", "response")}
    server.request("POST", f"/flow_runs/{run.id}/input", {"key": "q-schema", "value": json.dumps(question)})
    run.set_state("RUNNING")
    paused = {"type": "PAUSED", "state_details": {"run_input_keyset": keys}}
    server.request("POST", f"/flow_runs/{run.id}/set_state", {"state": paused, "force": True})
    page = watched.page
    watched.open(run.page)
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)

    field(page, "answer.amount").fill("12")
    server.request("PATCH", f"/flow_runs/{run.id}", {"name": "renamed"})
    page.get_by_role("button", name="Answer and resume").click()

    expect(page.locator("#run-state")).to_contain_text("Running", timeout=LIVE_MS)
    expect(page.locator(".question")).to_have_count(0)
    assert server.request("GET", f"/flow_runs/{run.id}/input/q-response") == {"amount": 12}


def test_a_variable_is_edited_while_others_change(watched: Watched, server: Server):
    """LIVE-4: what is typed into a row survives what others do to the list."""
    server.request("POST", "/variables/", {"name": "mine", "value": "old"})
    page = watched.page
    watched.open("/variables/?q=mine")
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)
    page.get_by_role("link", name="Edit mine").click()
    expect(page.locator("#live-status")).to_have_text("live", timeout=LIVE_MS)

    page.locator("#edit-value").fill("new")
    server.request("POST", "/variables/", {"name": "mine-too", "value": 1})
    expect(page.get_by_role("link", name="mine-too", exact=True)).to_be_visible(timeout=LIVE_MS)
    expect(page.locator("#edit-value")).to_have_value("new")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#variables")).to_contain_text("new")
    assert server.request("GET", "/variables/name/mine")["value"] == "new"
