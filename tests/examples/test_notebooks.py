"""Flows in notebooks, whose cells a real kernel executes: an event loop runs there all the time."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "analysis.ipynb"

CELLS = [
    """
from orchestrator import flow, get_run_logger, task, Completed

@task
def double(x):
    return 2 * x

@flow
def plain(x: int):
    return sum(double.map([x, x]).result())

@flow
async def waiting(x: int):
    return double.submit(x).result() + double(x)
""",
    "assert plain(2) == 8",
    "assert await waiting(2) == 8",
    "state = await waiting(3, return_state=True)\nassert await state.result() == 12",
    "assert plain(2, return_state=True).result(_sync=True) == 8",
]


def executed(notebook):
    return NotebookClient(notebook, timeout=60, kernel_name="python3").execute()


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_HOME", str(tmp_path))
    monkeypatch.delenv("ORCHESTRATOR_API_URL", raising=False)


def test_executes_the_example():
    notebook = nbformat.read(EXAMPLE, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)

    done = executed(notebook)

    said = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", ()))
    assert "Finished in state Completed(" in said


def test_executes_sync_and_async_flows_in_cells():
    executed(new_notebook(cells=[new_code_cell(source) for source in CELLS]))
