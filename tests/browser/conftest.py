"""Chromium looks at a server that really runs: SQLite, embedded, in a directory and on a port of its own.

The tests reach the server over HTTP alone, as every client does. Without Chromium they are left out, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from orchestrator.contract.times import format_time, now
from tests.migrated import put_migrated_database

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 30.0
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Adds up how far the layout moves without the reader's doing, in `window.shifted`; to run before the page's scripts.
WATCH_SHIFTS = """window.shifted = 0; new PerformanceObserver((list) => { for (const one of list.getEntries())
    if (!one.hadRecentInput) window.shifted += one.value; }).observe({ type: "layout-shift", buffered: true })"""
OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")  # the server has its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed (apt-get install chromium)"))


class Server:
    """One web process. `stop` and `start` keep the port and the data."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {name: value for name, value in os.environ.items() if name not in OF_THE_TESTS}
        self._environment |= {"ORCHESTRATOR_HOME": str(home), "ORCHESTRATOR_PUBLIC_URL": self.url}
        self._environment["ORCHESTRATOR_API_URL"] = f"{self.url}/api"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        put_migrated_database(self.home)
        self._process = self._run("-m", "orchestrator.web.serve", "--port", str(self.port))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if urllib.request.urlopen(f"{self.url}/api/health", timeout=2).status == 200:
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        pytest.fail(
            f"The server did not answer within {START_SECONDS:.0f} s: {(self.home / 'server.log').read_text()[-2000:]}"
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def request(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            text = response.read()
        return json.loads(text) if text else None

    def run_script(self, path: str) -> subprocess.Popen[bytes]:
        """Run an author's script that reports to this server."""
        return self._run(path)

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        with open(self.home / "server.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=settings.BASE_DIR,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


class ReportedRun:
    """A flow run whose client reports what happens to it, as the SDK does."""

    def __init__(self, server: Server, *, flow: str = "analysis", name: str | None = None) -> None:
        self.server = server
        flow_id = server.request("POST", "/flows/", {"name": flow})["id"]
        made = server.request("POST", "/flow_runs/", {"flow_id": flow_id, "name": name, "state": {"type": "PENDING"}})
        self.id: str = made["id"]
        self.name: str = made["name"]
        self.page = f"/runs/flow-run/{self.id}"

    def set_state(self, state_type: str, message: str | None = None) -> None:
        self.server.request(
            "POST", f"/flow_runs/{self.id}/set_state", {"state": {"type": state_type, "message": message}}
        )

    def log(self, *messages: str, level: int = 20, at: datetime | None = None) -> list[str]:
        """Write lines one millisecond apart and return their identifiers."""
        first = at or now()
        lines = [
            {
                "id": str(uuid4()),
                "name": "flow_runs",
                "level": level,
                "message": message,
                "timestamp": format_time(first + timedelta(milliseconds=number)),
                "flow_run_id": self.id,
            }
            for number, message in enumerate(messages)
        ]
        self.server.request("POST", "/logs/", lines)
        return [line["id"] for line in lines]

    def report_task(self, task_id: str, name: str, state_type: str, **more: Any) -> None:
        report_task(self.server, task_id, name, state_type, flow_run_id=self.id, **more)


def report_task(
    server: Server,
    task_id: str,
    name: str,
    state_type: str,
    *,
    started: datetime,
    ended: datetime | None = None,
    flow_run_id: str | None = None,
    upstream: Sequence[str] = (),
) -> None:
    """Tell the server of a task run's state. Without a flow run it runs in the background, by itself.

    `upstream` are the task runs whose results it was given.
    """
    role = {"prefect.resource.role": "flow-run"}
    related = [{"prefect.resource.id": f"prefect.flow-run.{flow_run_id}", **role}] if flow_run_id else []
    moment = format_time(ended or started)
    state = {
        "type": state_type,
        "name": state_type.capitalize(),
        "message": None,
        "state_details": {},
        "data": None,
    }
    server.request(
        "POST",
        "/events",
        [
            {
                "id": str(uuid4()),
                "occurred": moment,
                "event": f"prefect.task-run.{state_type.capitalize()}",
                "resource": {
                    "prefect.resource.id": f"prefect.task-run.{task_id}",
                    "prefect.resource.name": name,
                    "prefect.state-name": state_type.capitalize(),
                    "prefect.state-type": state_type,
                    "prefect.state-timestamp": moment,
                    "prefect.orchestration": "client",
                },
                "related": related,
                "payload": {
                    "intended": {"from": None, "to": state_type},
                    "initial_state": None,
                    "validated_state": state,
                    "task_run": {
                        "name": name,
                        "task_key": f"{name}-key",
                        "dynamic_key": task_id,
                        "run_count": 1,
                        "task_inputs": {"x": [{"input_type": "task_run", "id": one} for one in upstream]},
                        "tags": [],
                        "expected_start_time": format_time(started),
                        "start_time": format_time(started),
                        "end_time": format_time(ended) if ended else None,
                    },
                },
                "follows": None,
            }
        ],
    )


def wait_for_scripts(page: Page) -> None:
    """A page's scripts begin when it has been shown, a moment after it was loaded."""
    page.evaluate("""() => new Promise((done, fail) => {
        setTimeout(() => fail(new Error(`The scripts of ${location} have not begun.`)), 5_000)
        const look = () => performance.getEntriesByName("scripts have begun").length ? done() : setTimeout(look, 5)
        look()
    })""")


class Watched:
    """A page with everything that a page must not do: errors in the console, requests to other hosts."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on(
            "console", lambda message: message.type in ("error", "warning") and self.complaints.append(message.text)
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, address: str) -> Page:
        """The page at this address, when its scripts have begun."""
        self.page.goto(address)
        wait_for_scripts(self.page)
        return self.page


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of this folder share."""
    served = Server(tmp_path_factory.mktemp("browser-server"))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test alone, which it may stop."""
    served = Server(tmp_path)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    # One per test: while a browser is open this thread has an event loop, which Django's ORM in other tests refuses.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Watched]:
    """A page in Chromium; after the test it must have complained of nothing and asked nobody else."""
    watched = Watched(browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}))
    yield watched
    assert watched.complaints == []
    assert [url for url in watched.requests if not url.startswith((server.url, "data:"))] == []


@pytest.fixture
def run(server: Server) -> ReportedRun:
    return ReportedRun(server)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
