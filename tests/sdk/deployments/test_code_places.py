from __future__ import annotations

import importlib
import sys

import pytest

from orchestrator import EntrypointType, flow
from orchestrator.sdk.errors import FlowNotFound
from orchestrator.worker.code.source import file_of_entrypoint

CODE = "from orchestrator import flow\n\n@flow\ndef greets(name: str = 'you'):\n    return name\n"


@pytest.fixture
def greets(tmp_path, monkeypatch):
    """A flow in `acme/flows/daily.py`."""
    package = tmp_path / "acme" / "flows"
    package.mkdir(parents=True)
    (package / "daily.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield importlib.import_module("acme.flows.daily").greets
    for name in ("acme", "acme.flows", "acme.flows.daily"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("wanted", [EntrypointType.MODULE_PATH, "module_path"])
def test_names_the_module(greets, tmp_path, wanted):
    body = greets.to_deployment("d", entrypoint_type=wanted).body()

    assert (body["path"], body["entrypoint"]) == (str(tmp_path), "acme.flows.daily.greets")
    assert file_of_entrypoint(body["entrypoint"], tmp_path) == tmp_path / "acme" / "flows" / "daily.py"


@pytest.mark.parametrize("wanted", [EntrypointType.FILE_PATH, None])
def test_names_the_file(greets, tmp_path, monkeypatch, wanted):
    monkeypatch.chdir(tmp_path)

    body = greets.to_deployment("d", entrypoint_type=wanted).body()

    assert (body["path"], body["entrypoint"]) == (str(tmp_path), "acme/flows/daily.py:greets")


def test_finds_no_module_of_a_script(monkeypatch):
    @flow
    def inside():
        pass

    monkeypatch.setattr(inside.fn, "__module__", "__main__")

    with pytest.raises(FlowNotFound, match="leave entrypoint_type out"):
        inside.to_deployment("d", entrypoint_type=EntrypointType.MODULE_PATH)
