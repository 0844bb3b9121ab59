from __future__ import annotations

import posixpath

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from orchestrator import RemoteFileSystem
from orchestrator.sdk.results.storage import RemoteFiles
from orchestrator.sdk.values.whole_remote_files import write_whole_there


class MovingPlace(MemoryFileSystem):
    """Writes piece by piece, as a server of files does, and can rename."""

    protocol = "moving"
    store: dict = {}
    pseudo_dirs = [""]
    read_meanwhile: list = []
    target = "/base/file"
    replaces = True
    says_so = True

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(path.replace("moving://", "memory://"))

    def pipe_file(self, path, value, mode="overwrite", **options):
        for end in (len(value) // 2, len(value)):
            super().pipe_file(path, value[:end])
            self.read_meanwhile.append(self.cat_file(self.target) if self.exists(self.target) else None)

    def mv(self, path1, path2, **options):
        if self.exists(path2) and not self.replaces:
            if self.says_so:
                raise FileExistsError(path2)
            return
        super().pipe_file(path2, self.cat_file(path1))
        self.rm_file(path1)


@pytest.fixture
def place(monkeypatch):
    fsspec.register_implementation("moving", MovingPlace, clobber=True)
    for name, value in {"store": {}, "pseudo_dirs": [""], "read_meanwhile": []}.items():
        monkeypatch.setattr(MovingPlace, name, value)
    return fsspec.filesystem("moving")


@pytest.mark.parametrize("write", ["block", "storage"])
def test_shows_nobody_half_a_file(place, write):
    if write == "block":
        RemoteFileSystem(basepath="moving://base").write_path("file", b"first")
        RemoteFileSystem(basepath="moving://base").write_path("file", b"second")
    else:
        storage = RemoteFiles("moving://base")
        storage.write("moving://base/file", b"first")
        storage.write("moving://base/file", b"second")

    assert MovingPlace.read_meanwhile == [None, None, b"first", b"first"]
    assert place.cat_file("/base/file") == b"second"
    assert [posixpath.basename(each) for each in place.find("/base")] == ["file"]


@pytest.mark.parametrize("says_so", [True, False])
def test_writes_in_place_where_nothing_is_moved_over_a_file(place, monkeypatch, says_so):
    monkeypatch.setattr(MovingPlace, "replaces", False)
    monkeypatch.setattr(MovingPlace, "says_so", says_so)

    for content in (b"first", b"second"):
        write_whole_there(place, "/base/file", content)

    assert place.cat_file("/base/file") == b"second"
    assert [posixpath.basename(each) for each in place.find("/base")] == ["file"]


def test_says_that_nothing_can_be_written(place, monkeypatch):
    def refuse(self, path, value, **options):
        raise PermissionError(path)

    monkeypatch.setattr(MovingPlace, "pipe_file", refuse)

    with pytest.raises(PermissionError):
        write_whole_there(place, "/base/file", b"x")
