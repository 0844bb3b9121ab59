"""Prefect's own web interface on our API: every page it has, with something to show, and nothing refused."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Server
from tests.browser.prefect_ui import Interface, Watch

CLIENT = Path(__file__).parents[1] / "clients" / "prefect3"

# Address -> texts that the page shows once it has what it asked for. Both interfaces have the same addresses.
PAGES: dict[str, list[str]] = {
    "/dashboard": ["Flow Runs", "Task Runs", "machines"],  # which runs it shows depends on what else has failed
    "/runs": ["whole", "broken", "asked-for"],
    "/runs?tab=task-runs": ["double-"],
    "/runs/flow-run/{whole}": ["whole", "Completed", "beginning"],
    "/runs/flow-run/{broken}": ["broken", "Failed", "this is broken"],
    "/runs/task-run/{task_run}": ["double-", "Completed", "doubling"],
    "/runs/task-run/{broken_task_run}": ["breaks-", "Failed", "this is broken"],
    "/flows": ["whole", "broken", "part"],
    "/flows/flow/{flow}": ["whole"],
    "/deployments": ["daily", "nightly"],
    "/deployments/deployment/{deployment}": ["daily", "Every", "asked-for", "At 03:00 AM"],
    "/deployments/deployment/{deployment}/run": ["daily", "name"],
    "/deployments/deployment/{deployment}/edit": ["daily"],
    "/work-pools": ["machines"],
    "/work-pools/create": ["Process"],
    "/work-pools/work-pool/machines": ["machines", "asked-for"],
    "/work-pools/work-pool/machines/edit": ["machines"],
    "/work-pools/work-pool/machines/queue/urgent": ["urgent"],
    "/blocks": ["hush", "Secret"],
    "/blocks/block/{block}": ["hush"],
    "/blocks/catalog": ["Secret", "Webhook"],
    "/blocks/catalog/secret": ["Secret"],
    "/variables": ["greeting", "words"],
    "/events": ["shop.sold"],
    "/concurrency-limits": ["database"],
    "/concurrency-limits/concurrency-limit/{tag_limit}": ["heavy"],
    "/artifacts": ["notes", "numbers", "progress"],
    "/artifacts/key/notes": ["notes", "Flow run"],
    "/settings": ["Version"],
}
MILLISECONDS = 20_000  # that a page may take until it shows what it should


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without the flows of other tests: that interface shows ten to a page."""
    served = Server(tmp_path_factory.mktemp("prefect-ui-server"))
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def things(prefect3_python: Path, server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of everything that there is a page for, made by the unmodified client; its identifiers."""
    environment = {
        **os.environ,
        "PREFECT_API_URL": f"{server.url}/api",
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        [prefect3_python, CLIENT / "things_to_show.py"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return made


@pytest.mark.parametrize(("folder", "base"), [("ui", ""), ("ui-v2", "/v2")])
def test_shows_every_page_of_prefects_own_interface(browser, server, prefect3_python, things, folder, base):
    (files,) = prefect3_python.parents[1].glob(f"lib/python3*/site-packages/prefect/server/{folder}")
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    Interface(files, base).serve(context)
    watch = Watch(context.new_page())

    for address, texts in PAGES.items():
        watch.go(base + address.format(**things), texts, milliseconds=MILLISECONDS)

    assert not watch.complaints, "\n".join(watch.complaints)
    assert {
        "GET /ui-settings",
        "POST /api/ui/flow_runs/history",
        "POST /api/logs/filter",
        f"GET /api/flow_runs/{things['whole']}/graph-v2",
    } <= watch.asked
