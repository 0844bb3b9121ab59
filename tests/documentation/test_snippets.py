"""Every Python snippet of README.md and docs/ does what it says: at least it runs to its end."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.documentation.snippets import ROOT, Snippet, pages, snippets_of
from tests.e2e.system import System

SNIPPETS = [snippet for page in pages() for snippet in snippets_of(page)]
ALONE = [snippet for snippet in SNIPPETS if snippet.needs != "server"]
SERVED = [snippet for snippet in SNIPPETS if snippet.needs == "server"]


def outcomes(snippets: list[Snippet], directory: Path, environment: dict[str, str]) -> dict[Snippet, dict[str, Any]]:
    files = {str(snippet.write(directory)): snippet for snippet in snippets if not missing(snippet)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.documentation.snippets", *files],
        env={**clean, "ORCHESTRATOR_HOME": str(directory / "home"), "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {files[name]: outcome for name, outcome in json.loads(done.stdout).items()}


def missing(snippet: Snippet) -> bool:
    """Whether it wants a package that is not installed here."""
    needs = snippet.needs
    return needs not in (None, "server") and importlib.util.find_spec(str(needs)) is None


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[Snippet, dict[str, Any]]:
    return outcomes(ALONE, tmp_path_factory.mktemp("snippets"), {})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Snippet, dict[str, Any]]]:
    key = {"ORCHESTRATOR_SIGNING_KEY": "of the snippets and the worker"}
    system = System(tmp_path_factory.mktemp("server"), key).start()
    environment = {
        **key,
        "ORCHESTRATOR_API_URL": f"{system.url}/api",
        "ORCHESTRATOR_BROKER_URL": f"sqlite+file://{system.home}/broker.db",
        "ORCHESTRATOR_DRAIN_SECONDS": "10",
    }
    yield outcomes(SERVED, tmp_path_factory.mktemp("snippets"), environment)
    system.stop()


def check(snippet: Snippet, outcomes: dict[Snippet, dict[str, Any]]) -> None:
    if missing(snippet):
        pytest.skip(f"{snippet.needs} is not installed")
    outcome = outcomes[snippet]
    if outcome["code"] != 0:
        ended = "took too long" if outcome["code"] is None else f"ended with {outcome['code']}"
        pytest.fail(f"the snippet at {snippet.place} {ended}:\n{outcome['said'][-5000:]}", pytrace=False)


@pytest.mark.parametrize("snippet", ALONE, ids=lambda snippet: snippet.place)
def test_runs(snippet, alone):
    check(snippet, alone)


@pytest.mark.e2e
@pytest.mark.parametrize("snippet", SERVED, ids=lambda snippet: snippet.place)
def test_runs_against_a_server(snippet, served):
    check(snippet, served)


def test_finds_them_with_their_lines(tmp_path):
    page = ROOT / "README.md"

    first = snippets_of(page)[0]

    assert page.read_text().splitlines()[first.line - 1] == first.code.splitlines()[0]
    assert first.write(tmp_path).read_text().splitlines()[first.line - 1] == first.code.splitlines()[0]


def test_notices_one_that_fails(tmp_path):
    broken = Snippet("page.md", 7, "import os\nraise ValueError('on purpose')\n")

    (outcome,) = outcomes([broken], tmp_path, {}).values()

    assert outcome["code"] == 1
    assert "line 8" in outcome["said"]
    assert "on purpose" in outcome["said"]
