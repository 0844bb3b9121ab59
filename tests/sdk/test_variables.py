from __future__ import annotations

import asyncio

import pytest

from orchestrator import Variable, VariableError, VariableExists, flow, variables
from orchestrator.sdk.api.client import use_client
from orchestrator.sdk.errors import ApiError, MissingContext
from tests.sdk.fake_store import FakeStore


def test_gives_back_what_was_set(store: FakeStore) -> None:
    made = Variable.set("limits", {"a": [1, 2]}, tags=["x"])

    assert Variable.get("limits") == {"a": [1, 2]}
    assert (made.name, made.value, made.tags) == ("limits", {"a": [1, 2]}, ["x"])


@pytest.mark.parametrize("value", [False, 0, None, "", [], "text", 1.5])
def test_keeps_values_that_count_as_nothing(store: FakeStore, value: object) -> None:
    Variable.set("small", value)

    assert Variable.get("small", default="default") == value


def test_does_not_overwrite_unasked(store: FakeStore) -> None:
    Variable.set("limit", 1)

    with pytest.raises(VariableExists, match="overwrite=True"):
        Variable.set("limit", 2)
    assert issubclass(VariableExists, ValueError)

    assert Variable.get("limit") == 1


def test_overwrites_when_asked(store: FakeStore) -> None:
    Variable.set("limit", 1, tags=["old"])

    kept = Variable.set("limit", 2, overwrite=True)
    changed = Variable.set("limit", 3, tags=[], overwrite=True)

    assert Variable.get("limit") == 3
    assert (kept.tags, changed.tags) == (["old"], [])


def test_gives_the_default_for_what_is_not_there(store: FakeStore) -> None:
    assert Variable.get("nothing") is None
    assert Variable.get("nothing", default=3) == 3
    assert Variable.get("nothing", 3) == 3


def test_deletes(store: FakeStore) -> None:
    Variable.set("limit", 1)

    assert Variable.unset("limit") is True
    assert Variable.unset("limit") is False
    assert Variable.get("limit") is None


def test_is_a_module_as_older_tutorials_use_it(store: FakeStore) -> None:
    variables.Variable.set("limit", 1)
    variables.set("other", 2)

    assert variables.get("limit") == 1
    assert variables["other"] == 2
    assert variables.get("nothing", default="x") == "x"
    with pytest.raises(KeyError):
        variables["nothing"]


def test_works_in_async_code(store: FakeStore) -> None:
    @flow
    async def using() -> list[object]:
        await Variable.set("limit", 1)
        await Variable.aset("limit", 2, overwrite=True)
        return [await Variable.get("limit"), await Variable.aget("limit"), await variables.get("limit")]

    assert asyncio.run(using()) == [2, 2, 2]


def test_takes_the_type_that_a_reader_expects(store: FakeStore) -> None:
    Variable.set("limit", 1)

    assert Variable[int].get("limit") == 1


def test_gives_the_default_without_a_server() -> None:
    with use_client(None):
        assert Variable.get("limit", default=3) == 3


def test_needs_a_server_without_a_default() -> None:
    with use_client(None):
        with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
            Variable.get("limit")
        with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
            Variable.set("limit", 1)


@pytest.mark.parametrize("name", ["Bad Name!", "", "Upper", "a/b", "x" * 256, None])
def test_refuses_a_name_that_is_none(store: FakeStore, name: str) -> None:
    with pytest.raises(VariableError):
        Variable.set(name, 1)
    with pytest.raises(VariableError):
        Variable.get(name)


@pytest.mark.parametrize("value", ["x" * 5000, object(), float("nan"), {1, 2}])
def test_refuses_a_value_that_cannot_be_kept(store: FakeStore, value: object) -> None:
    with pytest.raises(VariableError, match="'limit'"):
        Variable.set("limit", value)


def test_refuses_tags_that_are_none(store: FakeStore) -> None:
    with pytest.raises(VariableError, match="tags"):
        Variable.set("limit", 1, tags="x")


def test_lets_other_refusals_through(store: FakeStore) -> None:
    store._create_variable = lambda body: (403, {"detail": "not for you"})  # type: ignore[method-assign]

    with pytest.raises(ApiError, match="not for you"):
        Variable.set("limit", 1)
