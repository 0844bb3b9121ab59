from __future__ import annotations

import json
import os
import pickle
from datetime import timedelta

import pytest

from orchestrator import Completed, MissingResult, ResultStorageError, ResultStore
from orchestrator.contract.times import now
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


class _Bomb:
    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return (open, (str(self.file), "w"))


def _without_value(record):
    from orchestrator.sdk.outcomes.states import MISSING

    return Completed(data=MISSING).with_(data=record.metadata.to_wire())
