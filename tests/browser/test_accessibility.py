"""axe finds nothing to complain of on any page, in light and in dark, on a screen and on a phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from orchestrator.contract.times import now
from tests.browser.conftest import ReportedRun, Server

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LIVE_MS = 5_000


@pytest.fixture
def addresses(server: Server) -> dict[str, str]:
    """Pages with something of everything on them."""
    run, start, task = ReportedRun(server), now() - timedelta(seconds=9), str(uuid4())
    run.set_state("RUNNING")
    run.report_task(str(uuid4()), "extract-1", "COMPLETED", started=start, ended=start + timedelta(seconds=4))
    run.report_task(task, "load-1", "FAILED", started=start, ended=start + timedelta(seconds=5))
    run.log("a line")
    run.log("careful", level=30)
    run.log('Traceback (most recent call last):\n  File "flows.py", line 45, in load\nKeyError', level=40)
    run.set_state("FAILED", message="KeyError: 'table'")
    going_on = ReportedRun(server)
    going_on.set_state("RUNNING")
    going_on.report_task(str(uuid4()), "extract-1", "RUNNING", started=start)
    return {
        "list": "/runs/",
        "failed run": run.page,
        "dependencies": f"{run.page}?view=graph",
        "table": f"{run.page}?view=table",
        "running run": going_on.page,
        "task run": f"/runs/task-run/{task}",
        "services": "/services",
        "not found": "/nothing-here",
        "sign in": "/sign-in",
    }


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_finds_nothing_wrong(browser: Browser, server: Server, addresses: dict[str, str], scheme: Any, width: int):
    viewport: Any = {"width": width, "height": 900}
    page = browser.new_context(base_url=server.url, color_scheme=scheme, viewport=viewport).new_page()
    found = {}

    for name, address in addresses.items():
        page.goto(address)
        status = page.locator("#live-status")
        if status.count():
            expect(status).to_have_text("live", timeout=LIVE_MS)
        page.evaluate(AXE.read_text())
        result = page.evaluate("(tags) => axe.run({runOnly: tags})", RULES)
        found[name] = [
            f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in result["violations"]
            for node in violation["nodes"][:3]
        ]

    assert {name: wrong for name, wrong in found.items() if wrong} == {}
