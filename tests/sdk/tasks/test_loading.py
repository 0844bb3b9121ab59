"""Tasks that are named on a command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator.sdk.errors import TaskServingError
from orchestrator.sdk.tasks.loading import load_tasks

CODE = """
from orchestrator import flow, task
@task
def one(): ...
@task
def two(): ...
def three(): ...
@flow
def four(): ...
"""


@pytest.fixture(autouse=True)
def modules_as_before(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("loaded_"):
            del sys.modules[name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "loaded_tasks.py"
    path.write_text(CODE)
    return path


def names(*places: str) -> list[str]:
    return [task.name for task in load_tasks(places)]


def test_finds_one_task_of_a_file(file):
    assert names(f"{file}:two") == ["two"]


def test_finds_all_tasks_of_a_file_and_each_once(file):
    assert names(str(file), f"{file}:one") == ["one", "two"]


def test_finds_the_tasks_of_a_module(file, monkeypatch):
    monkeypatch.chdir(file.parent)

    assert names("loaded_tasks") == ["one", "two"]
    assert names("loaded_tasks:two") == ["two"]


def test_lets_a_file_import_its_neighbours(file):
    file.with_name("loaded_main.py").write_text("from loaded_tasks import one\n")

    assert names(str(file.with_name("loaded_main.py"))) == ["one"]


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ("missing.py:one", "no file"),
        ("loaded_nothing", "no module"),
        ("loaded_tasks.py:three", "no task 'three'; the tasks there are: one, two"),
        ("loaded_tasks.py:four", "no task 'four'"),
        ("loaded_empty.py", "no tasks"),
    ],
)
def test_says_what_is_not_there(file, monkeypatch, place, problem):
    file.with_name("loaded_empty.py").write_text("")
    monkeypatch.chdir(file.parent)

    with pytest.raises(TaskServingError, match=problem):
        load_tasks([place])


def test_lets_the_error_of_the_file_through(file):
    file.write_text("import no_such_library_at_all\n")

    with pytest.raises(ModuleNotFoundError, match="no_such_library_at_all"):
        load_tasks([str(file)])

    assert "loaded_tasks" not in sys.modules
