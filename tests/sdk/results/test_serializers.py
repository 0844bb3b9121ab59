from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import BaseModel

from orchestrator import (
    CompressedJSONSerializer,
    CompressedPickleSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    ResultNotSerializable,
)
from orchestrator.sdk.errors import SettingError
from orchestrator.sdk.results.serializers import serializer_for


class Level(Enum):
    LOW = "low"


@dataclass(frozen=True)
class Order:
    id: int
    day: date


class Customer(BaseModel):
    name: str
    since: date


VALUES = [
    None,
    {"a": [1, 2.5, "x", True]},
    datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    date(2026, 1, 2),
    timedelta(days=1, microseconds=5),
    Decimal("1.10"),
    UUID(int=7),
    Path("/a/b"),
    b"\x00\xff",
    {1, 2, 3},
    Level.LOW,
    Order(1, date(2026, 1, 2)),
    Customer(name="Ada", since=date(2026, 1, 2)),
    {"__class__": "only this key"},
]


@pytest.mark.parametrize("name", ["json", "pickle", "compressed/json", "compressed/pickle"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_gives_back_what_it_was_given(name, value):
    serializer = serializer_for(name)

    back = serializer.loads(serializer.dumps(value))

    assert back == value
    assert type(back) is type(value)


def test_pickles_functions_that_nobody_can_import():
    step = 3
    serializer = PickleSerializer()

    assert serializer.loads(serializer.dumps(lambda x: x + step))(1) == 4


@pytest.mark.parametrize("library", ["lzma", "zlib", "bz2", "gzip"])
def test_makes_large_values_smaller(library):
    serializer = CompressedSerializer("json", compressionlib=library)
    value = ["again"] * 10_000

    blob = serializer.dumps(value)

    assert len(blob) < 2_000
    assert serializer_for(serializer.type).loads(blob) == value


@pytest.mark.parametrize("serializer", [JSONSerializer(), PickleSerializer()])
def test_says_what_cannot_be_written(serializer):
    with pytest.raises(ResultNotSerializable, match="type lock"):
        serializer.dumps(threading.Lock())


@pytest.mark.parametrize("given", ["xml", "compressed/xml", "compressed/json+7z", 3])
def test_refuses_a_serializer_that_there_is_not(given):
    with pytest.raises(SettingError):
        serializer_for(given)


def test_takes_a_serializer_of_the_author():
    class Upper:
        type = "upper"

        def dumps(self, value):
            return value.upper().encode()

        def loads(self, blob):
            return blob.decode()

    serializer = serializer_for(Upper())

    assert serializer_for("upper") is serializer


def test_takes_the_default_from_the_setting(monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_RESULTS_DEFAULT_SERIALIZER", "json")

    assert serializer_for(None).type == "json"


@pytest.mark.parametrize("library", ["pickle", "cloudpickle"])
def test_pickles_with_the_library_of_the_author(library):
    serializer = PickleSerializer(picklelib=library)

    assert serializer.loads(serializer.dumps({"a": (1, 2)})) == {"a": (1, 2)}
    assert serializer_for(serializer) is serializer


def test_uses_that_library_and_no_other():
    with pytest.raises(ResultNotSerializable, match="cannot be pickled"):
        PickleSerializer(picklelib="pickle").dumps(lambda: 1)


def test_writes_json_with_the_library_of_the_author():
    serializer = JSONSerializer(jsonlib="orjson")

    assert serializer.loads(serializer.dumps({"a": [1], "b": Decimal("1.10")})) == {"a": [1], "b": Decimal("1.10")}
    assert JSONSerializer().loads(serializer.dumps([1])) == [1]


def test_passes_on_what_the_library_is_to_be_told():
    serializer = JSONSerializer(dumps_kwargs={"sort_keys": True}, loads_kwargs={"parse_float": Decimal})

    assert serializer.dumps({"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    assert serializer.loads(b"1.10") == Decimal("1.10")


def test_takes_functions_in_the_place_of_its_own(tmp_path, monkeypatch):
    functions = "def write(value): return {'told': str(value)}\ndef read(found): return 'read'"
    (tmp_path / "own_forms.py").write_text(functions)
    monkeypatch.syspath_prepend(str(tmp_path))
    serializer = JSONSerializer(object_encoder="own_forms.write", object_decoder="own_forms.read")

    assert serializer.dumps(Decimal(1)) == b'{"told":"1"}'
    assert serializer.loads(b'{"told":"1"}') == "read"


@pytest.mark.parametrize(
    "make",
    [
        lambda: PickleSerializer(picklelib="no_such_library"),
        lambda: PickleSerializer(picklelib="math"),
        lambda: PickleSerializer(picklelib=3),
        lambda: JSONSerializer(jsonlib="math"),
        lambda: JSONSerializer(object_encoder="nothing"),
        lambda: JSONSerializer(object_decoder="json.nothing"),
        lambda: JSONSerializer(dumps_kwargs={"default": str}),
        lambda: JSONSerializer(loads_kwargs={"object_hook": dict}),
    ],
)
def test_refuses_what_it_cannot_work_with(make):
    with pytest.raises(SettingError):
        make()


@pytest.mark.parametrize(
    ("serializer", "kind"),
    [
        (CompressedJSONSerializer(), "compressed/json"),
        (CompressedPickleSerializer(), "compressed/pickle"),
        (CompressedJSONSerializer(compressionlib="zlib"), "compressed/json+zlib"),
    ],
)
def test_knows_the_compressed_ones_by_name(serializer, kind):
    assert serializer.type == kind
    assert serializer_for(kind).loads(serializer.dumps([1])) == [1]
