from __future__ import annotations

import json
import lzma
import os
import pickle
from datetime import timedelta

import pytest

from orchestrator import Completed, JSONSerializer, MissingResult, ResultStorageError, ResultStore, flow, task
from orchestrator.contract.times import now
from orchestrator.sdk.results.serializers import serializer_for
from orchestrator.sdk.results.store import stored_value


def test_finds_what_was_written(tmp_path):
    store = ResultStore(tmp_path)

    store.write({"a": 1}, key="k")

    assert store.exists("k")
    assert store.read("k").result == {"a": 1}
    with pytest.raises(MissingResult, match="other"):
        store.read("other")


def test_forgets_what_has_expired(tmp_path):
    store = ResultStore(tmp_path)

    store.write(1, key="old", expiration=now() - timedelta(seconds=1))
    store.write(1, key="new", expiration=now() + timedelta(hours=1))

    assert (store.exists("old"), store.exists("new")) == (False, True)


def test_keeps_descriptions_apart_where_asked(tmp_path):
    store = ResultStore(tmp_path / "values", metadata_storage=tmp_path / "keys")

    record = store.record([1], key="k")
    store.put(record, key="k")

    assert store.read("k").result == [1]
    assert json.loads((tmp_path / "keys" / "k").read_text())["serializer"] == {"type": "pickle"}
    (tmp_path / "keys" / "k").unlink()
    assert not store.exists("k")


def test_says_what_is_no_record(tmp_path):
    store = ResultStore(tmp_path)
    (tmp_path / "k").write_bytes(pickle.dumps("not ours"))

    with pytest.raises(ResultStorageError, match="no stored result"):
        store.find("k")


def test_gives_a_state_its_value_in_another_process(tmp_path):
    record = ResultStore(tmp_path, serializer="json").write([1, 2])

    state = _without_value(record)

    assert state.result() == [1, 2]


def test_does_not_read_what_lies_where_the_author_stores_nothing(tmp_path):
    """Somebody who can write states must not choose what is unpickled."""
    evil = tmp_path / "evil"
    head = {"storage_key": str(evil), "expiration": None, "serializer": {"type": "pickle"}}
    evil.write_bytes(json.dumps(head).encode() + b"\n" + pickle.dumps(_Bomb(tmp_path / "exploded")))

    with pytest.raises(MissingResult, match="only from storages that the author named"):
        stored_value(head)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("data", [{"type": "reference"}, {"storage_key": "x"}, {"storage_key": 3, "serializer": "x"}])
def test_does_not_read_what_something_else_described(data):
    with pytest.raises(MissingResult, match="says nothing of it"):
        stored_value(data)


def test_says_that_a_stored_result_is_gone(tmp_path):
    record = ResultStore(tmp_path).write(1)
    os.unlink(record.metadata.location)

    with pytest.raises(MissingResult, match="any more"):
        _without_value(record).result()


@pytest.mark.parametrize("kind", ["pickle", "compressed/pickle", "upper"])
def test_reads_nothing_but_json_where_it_was_told_json(tmp_path, kind):
    evil = _written_as(kind, tmp_path / "k", _Bomb(tmp_path / "exploded"))
    store = ResultStore(tmp_path, serializer="json")

    for read in (lambda: store.find("k"), lambda: store.exists("k"), lambda: stored_value(evil)):
        with pytest.raises(ResultStorageError, match=f"written by '{kind}'"):
            read()
    assert not (tmp_path / "exploded").exists()


def test_reads_nothing_but_json_where_a_flow_was_told_json(tmp_path):
    evil = _written_as("pickle", tmp_path / "k", _Bomb(tmp_path / "exploded"))

    @flow(result_storage=tmp_path, result_serializer="json")
    def told():
        pass

    with pytest.raises(ResultStorageError, match="written by 'pickle'"):
        stored_value(evil)
    assert not (tmp_path / "exploded").exists()


def test_reads_nothing_but_json_where_a_task_was_told_json(tmp_path):
    evil = _written_as("pickle", tmp_path / "k", _Bomb(tmp_path / "exploded"))

    @task(result_storage=tmp_path, result_serializer="json")
    def told():
        pass

    with pytest.raises(ResultStorageError, match="written by 'pickle'"):
        stored_value(evil)


@pytest.mark.parametrize("own", ["pickle", "compressed/pickle", "compressed/json", "json"])
def test_reads_json_whatever_it_was_told(tmp_path, own):
    for kind in ("json", "compressed/json", "compressed/json+zlib"):
        ResultStore(tmp_path, serializer=serializer_for(kind)).write([1, 2], key=kind.replace("/", "-"))
        assert ResultStore(tmp_path, serializer=own).read(kind.replace("/", "-")).result == [1, 2]


def test_makes_a_cached_result_anew_that_it_may_not_read(tmp_path):
    @task(cache_key_fn=lambda *_: "k", result_storage=tmp_path, result_serializer="json")
    def work():
        return "made"

    _written_as("pickle", tmp_path / "k", "forged")

    assert work() == "made"
    assert ResultStore(tmp_path, serializer="json").read("k").result == "made"


def test_reads_with_the_serializer_that_it_was_given(tmp_path):
    class Shouting(JSONSerializer):
        def loads(self, blob):
            return super().loads(blob).upper()

    store = ResultStore(tmp_path, serializer=Shouting())
    store.write("quiet", key="k")

    assert store.read("k").result == "QUIET"


def _written_as(kind, file, value):
    head = {"storage_key": str(file), "expiration": None, "serializer": {"type": kind}}
    payload = pickle.dumps(value)
    file.write_bytes(json.dumps(head).encode() + b"\n" + (lzma.compress(payload) if "/" in kind else payload))
    return head


class _Bomb:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (str(self.file), "w"))


def _without_value(record):
    from orchestrator.sdk.outcomes.states import MISSING

    return Completed(data=MISSING).with_(data=record.metadata.to_wire())
