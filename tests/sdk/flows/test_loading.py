from __future__ import annotations

import sys

import pytest

from orchestrator.sdk.errors import FlowNotFound
from orchestrator.sdk.flows.loading import load_flow, opened_flow

CODE = "from orchestrator import flow\n@flow\ndef hello():\n    return {value!r}\n"


@pytest.fixture(autouse=True)
def same_path_and_modules():
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


def test_reads_the_file_each_time(tmp_path):
    file = tmp_path / "hello.py"
    results = []

    for value in (1, 2):
        file.write_text(CODE.format(value=value))
        results.append(load_flow(f"{file}:hello").fn())

    assert results == [1, 2]


def test_reads_the_modules_beside_it_each_time(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "main.py").write_text(
        "from orchestrator import flow\nimport helper_of_jobs\n@flow\ndef hello():\n    return helper_of_jobs.VALUE\n"
    )
    helper = tmp_path / "jobs" / "helper_of_jobs.py"
    results = []

    for value in (1, 2):
        helper.write_text(f"VALUE = {value}\n")
        with opened_flow("jobs/main.py:hello", directory=str(tmp_path)) as hello:
            results.append(hello.fn())

    assert results == [1, 2]
    assert "helper_of_jobs" not in sys.modules
    assert str(tmp_path / "jobs") not in sys.path


def test_finds_packages_in_the_directory_of_the_deployment(tmp_path):
    (tmp_path / "shared_by_jobs").mkdir()
    (tmp_path / "shared_by_jobs" / "__init__.py").write_text("")
    (tmp_path / "shared_by_jobs" / "values.py").write_text("VALUE = 7\n")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "main.py").write_text(
        "from orchestrator import flow\n@flow\ndef hello():\n"
        "    from shared_by_jobs.values import VALUE\n    return VALUE\n"
    )

    with opened_flow("jobs/main.py:hello", directory=str(tmp_path)) as hello:
        assert hello.fn() == 7


def test_leaves_installed_libraries_loaded(tmp_path):
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "installed_library.py").write_text("")
    (tmp_path / "main.py").write_text(CODE.format(value=1))
    sys.path.insert(0, str(library))
    import installed_library  # type: ignore[import-not-found]

    load_flow("main.py:hello", directory=str(tmp_path))

    assert sys.modules["installed_library"] is installed_library


# entrypoint -> what the message says
WRONG = [
    ("hello.py", "not of the form"),
    ("missing.py:hello", "cannot be read"),
    ("hello.py:other", "the flows there are: hello"),
]


@pytest.mark.parametrize(("entrypoint", "said"), WRONG)
def test_says_what_is_wrong_with_an_entrypoint(tmp_path, entrypoint, said):
    (tmp_path / "hello.py").write_text(CODE.format(value=1))

    with pytest.raises(FlowNotFound, match=said):
        load_flow(entrypoint, directory=str(tmp_path))


def test_lets_the_errors_of_the_file_through(tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\n")

    with pytest.raises(ZeroDivisionError):
        load_flow("broken.py:hello", directory=str(tmp_path))
