from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydantic
import pytest

from orchestrator import BlockError, LocalFileSystem, RemoteFileSystem, flow


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "inner" / "b.txt").write_text("b")
    (source / "a.txt").write_text("a")
    (source / "left.pyc").write_text("compiled")
    return source


def files_in(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_reads_what_it_wrote(tmp_path: Path) -> None:
    place = LocalFileSystem(basepath=tmp_path)

    written = place.write_path("deep/er/file", b"content")

    assert place.read_path("deep/er/file") == b"content"
    assert written == str(tmp_path / "deep/er/file")
    assert files_in(tmp_path) == ["deep/er/file"]


def test_writes_files_for_their_owner_alone(tmp_path: Path) -> None:
    LocalFileSystem(basepath=tmp_path).write_path("file", b"content")

    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_is_written_by_several_threads_at_once(tmp_path: Path) -> None:
    place = LocalFileSystem(basepath=tmp_path)
    contents = [bytes([number]) * 50_000 for number in range(8)]

    with ThreadPoolExecutor(8) as threads:
        for _ in range(10):
            list(threads.map(lambda content: place.write_path("file", content), contents))
            assert place.read_path("file") in contents

    assert files_in(tmp_path) == ["file"]


def test_reads_and_writes_in_async_code(tmp_path: Path) -> None:
    @flow
    async def writing() -> bytes:
        place = LocalFileSystem(basepath=str(tmp_path))
        await place.write_path("file", b"content")
        return await place.aread_path("file")

    assert asyncio.run(writing()) == b"content"


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../outside"])
def test_stays_inside_of_its_directory(tmp_path: Path, path: str) -> None:
    place = LocalFileSystem(basepath=tmp_path / "base")

    with pytest.raises(BlockError, match="outside"):
        place.write_path(path, b"")
    with pytest.raises(BlockError, match="outside"):
        place.read_path(path)


def test_takes_a_whole_path_inside_of_its_directory(tmp_path: Path) -> None:
    place = LocalFileSystem(basepath=tmp_path)
    (tmp_path / "file").write_bytes(b"content")

    assert place.read_path(str(tmp_path / "file")) == b"content"


def test_copies_directories_both_ways(tmp_path: Path, tree: Path) -> None:
    place = LocalFileSystem(basepath=tmp_path / "base")
    ignore = tmp_path / "ignore"
    ignore.write_text("# compiled\n*.pyc\n")

    put = place.put_directory(str(tree), "copy", ignore_file=str(ignore))
    place.get_directory("copy", str(tmp_path / "back"))

    assert put == 2
    assert files_in(tmp_path / "back") == ["a.txt", "inner/b.txt"]


def test_ignores_whole_directories(tmp_path: Path, tree: Path) -> None:
    place = LocalFileSystem(basepath=tmp_path / "base")
    ignore = tmp_path / "ignore"
    ignore.write_text("inner/\n")

    place.put_directory(str(tree), ignore_file=str(ignore))

    assert files_in(tmp_path / "base") == ["a.txt", "left.pyc"]


def test_keeps_files_wherever_fsspec_can(tmp_path: Path, tree: Path) -> None:
    place = RemoteFileSystem(basepath="memory://test-place/files")

    written = place.write_path("deep/file", b"content")
    place.put_directory(str(tree), "tree")
    place.get_directory("tree", str(tmp_path / "back"))

    assert written == "memory://test-place/files/deep/file"
    assert place.read_path("deep/file") == b"content"
    assert place.read_path(written) == b"content"
    assert files_in(tmp_path / "back") == ["a.txt", "inner/b.txt", "left.pyc"]


@pytest.mark.parametrize("path", ["../outside", "a/../../b", "memory://elsewhere/file", "memory://test-place2/x"])
def test_stays_inside_of_its_address(path: str) -> None:
    place = RemoteFileSystem(basepath="memory://test-place")

    with pytest.raises(BlockError, match="out"):
        place.read_path(path)


@pytest.mark.parametrize("basepath", ["folder", "file:///tmp", "s3://", "://x"])
def test_refuses_an_address_that_is_none(basepath: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        RemoteFileSystem(basepath=basepath)


def test_wants_bytes(tmp_path: Path) -> None:
    with pytest.raises(BlockError, match="bytes are needed"):
        LocalFileSystem(basepath=tmp_path).write_path("file", "text")  # type: ignore[arg-type]


def test_names_the_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        LocalFileSystem(basepath=tmp_path).read_path("nothing")
    with pytest.raises(NotADirectoryError, match="nothing"):
        LocalFileSystem(basepath=tmp_path).put_directory(str(tmp_path / "nothing"))
