from __future__ import annotations

import asyncio
import os
import stat
import uuid
from contextvars import ContextVar

import pytest

from orchestrator import ResultStorageError
from orchestrator.sdk.results.storage import BlockStorage, LocalStorage, RemoteFiles, storage_for, storage_holding


@pytest.fixture(params=["directory", "address"])
def storage(request, tmp_path):
    return LocalStorage(tmp_path) if request.param == "directory" else RemoteFiles(f"memory://{uuid.uuid4().hex}/r")


def test_gives_back_what_was_written(storage):
    location = storage.location("reports/today")

    storage.write(location, b"one")
    storage.write(location, b"two")

    assert storage.read(location) == b"two"
    assert storage.holds(location)


def test_has_nothing_where_nothing_was_written(storage):
    assert storage.read(storage.location("nothing")) is None


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "", "a\0b", "."])
def test_refuses_keys_that_lead_elsewhere(storage, key):
    with pytest.raises(ResultStorageError, match="cannot be used"):
        storage.location(key)


def test_does_not_hold_what_lies_elsewhere(tmp_path):
    here = LocalStorage(tmp_path / "here")
    there = RemoteFiles("s3://bucket/results")

    assert not here.holds(str(tmp_path / "here" / ".." / "elsewhere"))
    assert not here.holds("s3://bucket/results/x")
    assert there.holds("s3://bucket/results/x")
    assert not there.holds("s3://bucket/results-of-others/x")
    assert not there.holds("s3://bucket/results/../x")
    assert not there.holds("s3://other/results/x")


def test_does_not_follow_a_link_out_of_the_directory(tmp_path):
    (tmp_path / "secret").write_text("x")
    here = LocalStorage(tmp_path / "here")
    here.write(here.location("a"), b"x")
    (tmp_path / "here" / "link").symlink_to(tmp_path / "secret")

    assert not here.holds(str(tmp_path / "here" / "link"))


def test_shortens_long_keys(storage):
    location = storage.location("k" * 5_000)

    storage.write(location, b"x")

    assert storage.read(location) == b"x"
    assert storage.location("k" * 5_000) != storage.location("k" * 5_001)


def test_keeps_files_for_their_owner_and_leaves_nothing_beside(tmp_path):
    storage = LocalStorage(tmp_path / "storage")
    location = storage.location("key")

    storage.write(location, b"x")

    assert os.listdir(tmp_path / "storage") == ["key"]
    assert stat.S_IMODE(os.stat(location).st_mode) == 0o600


def test_says_where_it_could_not_write(tmp_path):
    (tmp_path / "file").write_text("in the way")
    storage = LocalStorage(tmp_path / "file")

    with pytest.raises(ResultStorageError, match="file/key cannot be written"):
        storage.write(storage.location("key"), b"x")


def test_says_what_an_unknown_address_lacks():
    storage = RemoteFiles("nonsense://bucket")

    with pytest.raises(ResultStorageError, match="nonsense://bucket cannot be opened"):
        storage.read(storage.location("x"))


def test_names_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)

    with pytest.raises(ResultStorageError, match=r"orchestrator\[storage\]"):
        RemoteFiles("s3://bucket").read("s3://bucket/x")


@pytest.mark.parametrize("given", ["", 3, object()])
def test_refuses_what_is_no_storage(given):
    with pytest.raises(ResultStorageError):
        storage_for(given)


def test_takes_blocks_that_read_and_write_paths():
    class Block:
        files: dict = {}
        _block_document_id = uuid.uuid4()

        def read_path(self, path):
            return self.files[path]

        def write_path(self, path, content):
            self.files[path] = content

    block = Block()
    storage = storage_for(block)

    storage.write(storage.location("a/b"), b"x")

    assert storage.read("a/b") == b"x"
    assert storage.read("a/c") is None
    assert storage_holding("a/b", block_id=str(block._block_document_id)) is storage


def test_loads_a_block_by_its_name_when_it_is_needed(monkeypatch, tmp_path):
    from orchestrator.sdk.blocks.core import Block
    from orchestrator.sdk.blocks.filesystems import LocalFileSystem

    loaded = []

    def load(ref):
        loaded.append(ref)
        block = LocalFileSystem(basepath=str(tmp_path))
        block._block_document_id = uuid.UUID(int=9)
        return block

    monkeypatch.setattr(Block, "load_from_ref", load)
    storage = storage_for("local-file-system/of-this-test")
    assert loaded == []

    async def in_a_loop():
        storage.write(storage.location("a/b"), b"x")
        return storage.read("a/b")

    assert asyncio.run(in_a_loop()) == b"x"
    assert (tmp_path / "a" / "b").read_bytes() == b"x"
    assert loaded == [{"block_document_slug": "local-file-system/of-this-test"}]
    assert storage_holding("a/b", block_id=str(uuid.UUID(int=9))) is storage


def test_says_which_block_is_not_there():
    with pytest.raises(ResultStorageError, match="local-file-system/nowhere cannot be loaded"):
        BlockStorage("local-file-system/nowhere").read("x")


def test_knows_the_default_one_from_the_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "local"))
    assert storage_for(None).location("k") == str(tmp_path / "local" / "k")

    monkeypatch.setenv("ORCHESTRATOR_DEFAULT_RESULT_STORAGE", "s3://bucket/results")
    assert storage_for(None).location("k") == "s3://bucket/results/k"


def test_finds_the_storage_of_a_location_among_those_it_was_told_of(tmp_path):
    mine = storage_for(tmp_path / "mine")

    assert storage_holding(str(tmp_path / "mine" / "x")) is mine
    assert storage_holding(str(tmp_path / "strange" / "x")) is None


def test_lets_a_block_see_who_calls_also_beside_an_event_loop():
    class Block:
        def read_path(self, path):
            return asked.get().encode()

        def write_path(self, path, content): ...

    asked = ContextVar("asked", default="nobody")
    storage = storage_for(Block())

    async def in_a_loop():
        asked.set("somebody")
        return storage.read("a")

    assert asyncio.run(in_a_loop()) == b"somebody"
