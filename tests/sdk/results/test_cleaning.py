from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest

from orchestrator import ResultStorageError, ResultStore, task
from orchestrator.contract.times import now
from orchestrator.sdk.background_tasks.inputs import read_inputs, store_inputs


def grow_old(store, key, hours):
    long_ago = time.time() - hours * 3600
    os.utime(store.result_storage.location(key), (long_ago, long_ago))


def test_deletes_what_has_expired(tmp_path):
    store = ResultStore(tmp_path)
    store.write(1, key="old/one", expiration=now() - timedelta(seconds=1))
    store.write(1, key="new", expiration=now() + timedelta(hours=1))
    store.write(1, key="for ever")

    assert store.remove_old() == 1
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["for ever", "new"]


def test_deletes_what_is_older_than_asked(tmp_path):
    store = ResultStore(tmp_path)
    for key, hours in (("old", 30), ("young", 1)):
        store.write(1, key=key)
        grow_old(store, key, hours)

    assert store.remove_old(older_than=timedelta(days=1)) == 1
    assert (store.exists("old"), store.exists("young")) == (False, True)


def test_leaves_alone_the_arguments_of_background_tasks(tmp_path):
    @task(result_storage=tmp_path)
    def waits_long(number): ...

    store_inputs(waits_long, "a", parameters={"number": 1}, wait_for=[])
    grow_old(ResultStore(tmp_path), "parameters/a", hours=30)

    assert ResultStore(tmp_path).remove_old(older_than=timedelta(days=1)) == 0
    assert read_inputs(waits_long, "a") == ({"number": 1}, [])


def test_leaves_alone_what_is_no_result(tmp_path):
    store = ResultStore(tmp_path)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    ResultStore(outside).write(1, key="k")
    (tmp_path / "notes.txt").write_text("mine\nown")
    (tmp_path / "numbers.json").write_text('{"storage_key": 1}\n')
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "link").symlink_to(outside / "k")
    (tmp_path / "folder").symlink_to(outside)
    time.sleep(0.01)

    assert store.remove_old(older_than=timedelta(0)) == 0
    assert len(list(tmp_path.iterdir())) == 5
    assert (outside / "k").exists()


def test_deletes_what_was_never_finished(tmp_path):
    for name, hours in ((".k.1-a.part", 30), (".k.2-b.part", 1)):
        (tmp_path / name).write_bytes(b"half")
        grow_old(ResultStore(tmp_path), name, hours)

    ResultStore(tmp_path).remove_old()

    assert [file.name for file in tmp_path.iterdir()] == [".k.2-b.part"]


def test_deletes_descriptions_that_lie_apart(tmp_path):
    store = ResultStore(tmp_path / "values", metadata_storage=tmp_path / "keys")
    store.put(store.record(1, key="k", expiration=now() - timedelta(seconds=1)), key="k")

    assert store.remove_old() == 1
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_says_that_other_storages_clean_themselves():
    with pytest.raises(ResultStorageError, match="is no directory"):
        ResultStore("memory://results").remove_old()


def test_refuses_an_age_that_there_is_not(tmp_path):
    with pytest.raises(ValueError, match="negative"):
        ResultStore(tmp_path).remove_old(older_than=timedelta(seconds=-1))


@pytest.mark.parametrize("place", ["directory", "memory://removing"])
def test_deletes_one_by_its_key(tmp_path, place):
    store = ResultStore(tmp_path if place == "directory" else place)
    store.write(1, key="k")

    assert store.remove("k")
    assert not store.exists("k")
    assert not store.remove("k")
