from __future__ import annotations

import json
import lzma
import os
import pickle
from datetime import timedelta

import pytest

from orchestrator import (
    Completed,
    CompressedSerializer,
    JSONSerializer,
    MissingResult,
    PickleSerializer,
    ResultStorageError,
    ResultStore,
    flow,
    task,
)
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


@pytest.mark.parametrize(
    "options", [{"picklelib": "pickle"}, {"picklelib": "dill", "jsonlib": "json"}, {"class": "x.Y"}]
)
def test_unpickles_nothing_that_calls_itself_json(tmp_path, options):
    _written_as("pickle", tmp_path / "k", _Bomb(tmp_path / "exploded"))
    content = (
        (tmp_path / "k")
        .read_bytes()
        .replace(b'"type": "pickle"', json.dumps({"type": "json", **options})[1:-1].encode())
    )
    (tmp_path / "k").write_bytes(content)

    with pytest.raises(ResultStorageError):
        ResultStore(tmp_path, serializer="json").find("k").result  # noqa: B018
    assert not (tmp_path / "exploded").exists()


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


def test_reads_a_result_with_the_options_that_it_was_written_with(tmp_path, monkeypatch):
    module = "from pickle import loads as _loads, dumps as _dumps\n"
    module += "def dumps(value): return b'own' + _dumps(value)\ndef loads(blob): return _loads(blob[3:])"
    (tmp_path / "own_pickles.py").write_text(module)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = PickleSerializer(picklelib="own_pickles")

    for number, serializer in enumerate([own, CompressedSerializer(own), CompressedSerializer(own, "zlib")]):
        record = ResultStore(tmp_path / str(number), serializer=serializer).write([1, 2])

        assert _without_value(record).result() == [1, 2]
    assert ResultStore(tmp_path, serializer="compressed/pickle").write(3).result == 3
    assert serializer_for("compressed/pickle").serializer.picklelib == "cloudpickle"


def test_reads_with_its_own_serializer_also_where_there_are_others_of_its_type(tmp_path):
    one, two = (ResultStore(tmp_path, serializer=_Shifted(by)) for by in (1, 2))

    one.write("abc", key="one")
    two.write("abc", key="two")

    assert (one.read("one").result, two.read("two").result) == ("abc", "abc")


def test_reads_with_a_serializer_of_its_type_that_has_other_values_by_now(tmp_path):
    """What an author counts or fills in later says nothing of how to read."""
    one, two = (ResultStore(tmp_path, serializer=_Counting(level)) for level in (3, 9))
    records = [each.write(number) for number, each in enumerate([one, two, one, two])]

    assert [_without_value(each).result() for each in records] == [0, 1, 2, 3]
    for number, record in enumerate(records):
        key = os.path.basename(record.metadata.location)
        assert one.read(key).result == two.read(key).result == number


def test_takes_the_serializer_of_a_type_that_was_told_of_for_the_storage(tmp_path):
    records = [ResultStore(tmp_path / str(by), serializer=_Shifted(by)).write("abc") for by in (1, 2)]

    assert [_without_value(each).result() for each in records] == ["abc", "abc"]


def test_reads_with_the_decoder_that_it_was_given_whichever_one_the_record_names(tmp_path, monkeypatch):
    (tmp_path / "renamed_decoder.py").write_text("def read(found): return 'decoded'")
    monkeypatch.syspath_prepend(str(tmp_path))
    store = ResultStore(tmp_path, serializer=JSONSerializer(object_decoder="renamed_decoder.read"))
    record = store.write({"a": 1}, key="k")

    for head in ({"type": "json"}, {"type": "json", "object_decoder": "former.name"}):
        _change_head(record, head)
        assert store.read("k").result == "decoded"


def test_reads_a_result_in_the_default_storage_as_a_task_says_that_was_only_imported(tmp_path, monkeypatch):
    (tmp_path / "imported_decoder.py").write_text("def read(found): return 'decoded'")
    monkeypatch.syspath_prepend(str(tmp_path))
    record = ResultStore(serializer="json").write({"a": 1})
    _change_head(record, {"type": "json", "object_decoder": "imported_decoder.read"})

    @task(result_serializer=JSONSerializer(object_decoder="imported_decoder.read"))
    def executed_elsewhere():
        pass

    assert _without_value(record).result() == "decoded"


def test_runs_no_decoder_of_another_storage(tmp_path, monkeypatch):
    (tmp_path / "foreign_decoder.py").write_text("def read(found): return 'decoded'")
    monkeypatch.syspath_prepend(str(tmp_path))
    ResultStore(tmp_path / "trusted", serializer=JSONSerializer(object_decoder="foreign_decoder.read"))
    store = ResultStore(tmp_path / "open", serializer="json")
    record = store.write({"a": 1}, key="k")
    _change_head(record, {"type": "json", "object_decoder": "foreign_decoder.read"})

    assert store.read("k").result == {"a": 1}
    with pytest.raises(ResultStorageError, match="no flow or task of this process names for that storage"):
        _without_value(record).result()


@pytest.mark.parametrize("head", [{}, {"class": f"{__name__}._CallsItselfJson"}], ids=["plain", "named"])
def test_uses_no_class_that_only_calls_itself_json(tmp_path, head):
    ResultStore(tmp_path, serializer=_CallsItselfJson())
    store = ResultStore(tmp_path, serializer="json")
    record = store.write({"a": 1}, key="k")
    _change_head(record, {"type": "json", **head})

    assert store.read("k").result == {"a": 1}
    assert _without_value(record).result() == {"a": 1}


def test_reads_what_a_class_wrote_that_has_another_name_here(tmp_path):
    class Reversed:
        type = "reversed"

        def dumps(self, value):
            return value[::-1].encode()

        def loads(self, blob):
            return blob.decode()[::-1]

    record = ResultStore(tmp_path, serializer=Reversed()).write("abc")
    _change_head(record, {"type": "reversed", "class": "__main__.Reversed"})

    assert _without_value(record).result() == "abc"


def test_calls_no_function_that_only_a_record_names(tmp_path):
    record = ResultStore(tmp_path, serializer="json").write({"a": 1})
    _change_head(record, {"type": "json", "object_decoder": "os.listdir"})

    with pytest.raises(ResultStorageError, match=r"object_decoder='os\.listdir', which no flow or task"):
        _without_value(record).result()


def test_reads_json_of_a_library_that_nobody_names_here(tmp_path):
    record = ResultStore(tmp_path, serializer="json").write({"a": 1})
    _change_head(record, {"type": "json", "jsonlib": "no_such_library"})

    assert _without_value(record).result() == {"a": 1}


def test_gives_objects_to_the_decoder_that_the_author_named(tmp_path, monkeypatch):
    (tmp_path / "own_decoder.py").write_text("def read(found): return 'decoded'")
    monkeypatch.syspath_prepend(str(tmp_path))

    record = ResultStore(tmp_path, serializer=JSONSerializer(object_decoder="own_decoder.read")).write({"a": 1})

    assert _without_value(record).result() == "decoded"
    plain = ResultStore(tmp_path, serializer="json").write({"a": 1})
    assert _without_value(plain).result() == {"a": 1}


def test_does_not_read_a_value_whose_description_has_expired(tmp_path, monkeypatch):
    store = ResultStore(tmp_path / "values", metadata_storage=tmp_path / "keys")
    store.write(1, key="old", expiration=now() - timedelta(seconds=1))
    monkeypatch.setattr(store.result_storage, "read", lambda location: pytest.fail("The value was read"))

    assert (store.exists("old"), store.exists("never written")) == (False, False)


class _Shifted:
    type = "shifted"

    def __init__(self, by):
        self.by = by

    def dumps(self, value):
        return bytes(each + self.by for each in value.encode())

    def loads(self, blob):
        return bytes(each - self.by for each in blob).decode()


class _Counting(JSONSerializer):
    type = "counting"

    def __init__(self, level):
        super().__init__()
        self.level, self.calls, self.library = level, 0, None

    def dumps(self, value):
        self.calls += 1
        self.library = "filled in"
        return super().dumps(value)


class _CallsItselfJson(JSONSerializer):
    def loads(self, blob):
        raise AssertionError("A class of somebody else was used")


def _change_head(record, serializer):
    with open(record.metadata.location, "rb") as stream:
        head, _, payload = stream.read().partition(b"\n")
    wire = {**json.loads(head), "serializer": serializer}
    with open(record.metadata.location, "wb") as stream:
        stream.write(json.dumps(wire).encode() + b"\n" + payload)


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
