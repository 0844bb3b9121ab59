import builtins

import fsspec
import pytest

from orchestrator.worker.code.errors import CodeUnavailable
from orchestrator.worker.code.remote import copied, remote_source


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    system.pipe({"/bucket/flows/flows.py": b"one", "/bucket/flows/below/more.py": b"more"})
    yield system
    system.rm("/bucket", recursive=True)


def test_copies_a_directory_and_loads_it_again_only_when_it_changed(memory, tmp_path, cache, fetching, monkeypatch):
    source = remote_source("memory://bucket/flows", {})
    opened = []
    real = type(memory).open
    monkeypatch.setattr(
        type(memory), "open", lambda self, path, *a, **o: opened.append(path) or real(self, path, *a, **o)
    )

    copied(source, tmp_path / "one", cache=cache, fetching=fetching)
    copied(source, tmp_path / "two", cache=cache, fetching=fetching)
    memory.pipe({"/bucket/flows/flows.py": b"two"})
    loaded = len(opened)
    copied(source, tmp_path / "three", cache=cache, fetching=fetching)

    assert (tmp_path / "two" / "below" / "more.py").read_bytes() == b"more"
    assert (tmp_path / "three" / "flows.py").read_bytes() == b"two"
    assert loaded == 2 + 1  # the test's own write
    assert source.name == "flows"


def test_says_that_there_is_nothing(cache, fetching, tmp_path):
    with pytest.raises(CodeUnavailable, match="no files below memory://nowhere/at/all"):
        copied(remote_source("memory://nowhere/at/all", {}), tmp_path / "t", cache=cache, fetching=fetching)


@pytest.mark.parametrize(("protocol", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("memory", "fsspec")])
def test_says_what_to_install(cache, fetching, tmp_path, monkeypatch, protocol, package):
    real = builtins.__import__

    def without_fsspec(name, *arguments, **options):
        if name.startswith("fsspec"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_fsspec)

    with pytest.raises(CodeUnavailable, match=f"pip install {package}"):
        copied(remote_source(f"{protocol}://bucket/x", {}), tmp_path / "t", cache=cache, fetching=fetching)


def test_hides_keys_in_what_a_client_says(cache, fetching, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise ValueError("bad key s3cret-key")

    monkeypatch.setattr("orchestrator.worker.code.remote._file_system", fail)

    with pytest.raises(CodeUnavailable, match=r"bad key \*\*\*"):
        copied(remote_source("s3://bucket/x", {"secret": "s3cret-key"}), tmp_path / "t", cache=cache, fetching=fetching)
