from __future__ import annotations

import os
import stat
import threading

import pytest

from orchestrator.sdk.values.whole_files import write_whole


def mode_of(file):
    return stat.S_IMODE(file.stat().st_mode)


def test_replaces_what_is_there(tmp_path):
    file = tmp_path / "kept"
    file.write_bytes(b"old and longer")

    write_whole(file, b"new")

    assert file.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["kept"]


def test_is_for_its_owner_alone(tmp_path):
    file = tmp_path / "kept"
    file.write_bytes(b"old")
    file.chmod(0o644)

    write_whole(file, b"new")

    assert mode_of(file) == 0o600


def test_keeps_the_rights_of_the_file_where_asked(tmp_path):
    file = tmp_path / "kept"
    file.write_bytes(b"old")
    file.chmod(0o640)

    write_whole(file, b"new", mode=None)

    assert mode_of(file) == 0o640


def test_gives_a_new_file_what_the_umask_allows_where_asked(tmp_path):
    (tmp_path / "plain").write_bytes(b"")

    write_whole(tmp_path / "kept", b"new", mode=None)

    assert mode_of(tmp_path / "kept") == mode_of(tmp_path / "plain")


def test_leaves_the_old_content_and_nothing_else_when_it_fails(tmp_path, monkeypatch):
    file = tmp_path / "kept"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", _full_disk)

    with pytest.raises(OSError, match="full"):
        write_whole(file, b"new")

    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["kept"]


def test_is_written_by_many_at_once(tmp_path):
    file = tmp_path / "kept"
    contents = [bytes([number]) * 20_000 for number in range(65, 73)]
    failures = []

    def write(content):
        try:
            for _ in range(10):
                write_whole(file, content, durable=False)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert file.read_bytes() in contents


def test_writes_a_file_with_a_long_name(tmp_path):
    file = tmp_path / ("x" * 250)

    write_whole(file, b"new")

    assert file.read_bytes() == b"new"


def _full_disk(*_):
    raise OSError("the disk is full")
