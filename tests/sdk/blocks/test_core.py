"""Blocks against the real server code."""

from __future__ import annotations

import asyncio
from abc import ABC
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pydantic import Field, SecretStr, ValidationError

from orchestrator import (
    JSON,
    Block,
    BlockError,
    BlockExists,
    BlockNotFound,
    BlockNotSaved,
    DateTime,
    LocalFileSystem,
    RemoteFileSystem,
    Secret,
    SecretDict,
    String,
    UnknownBlockType,
    flow,
    task,
)
from orchestrator.sdk.api.client import Client, use_client
from orchestrator.sdk.blocks import saving
from orchestrator.sdk.errors import MissingContext
from tests.in_process import quiet_client
from tests.sdk.fake_store import FakeStore


class Inner(Block):
    _block_type_slug = "test-inner"

    host: str
    password: SecretStr | None = None


class Outer(Block):
    _block_type_slug = "test-outer"

    title: str
    inner: Inner
    numbers: list[int] = Field(default_factory=list)
    token: SecretStr | None = None
    credentials: SecretDict = Field(default_factory=lambda: SecretDict({}))
    schema_: str = Field(default="public", alias="schema")


@pytest.fixture
def server(db: None) -> Iterator[Client]:
    with use_client(quiet_client()) as used:
        assert used is not None
        yield used


def test_loads_what_was_saved(server: Client) -> None:
    saved = Inner(host="db", password="pw").save("main")

    loaded = Inner.load("main")

    assert loaded.host == "db"
    assert loaded.password is not None
    assert loaded.password.get_secret_value() == "pw"
    assert loaded._block_document_id == saved
    assert loaded.get_block_placeholder() == "prefect.blocks.test-inner.main"


def test_loads_by_type_and_name(server: Client) -> None:
    Inner(host="db").save("main")

    assert isinstance(Block.load("test-inner/main"), Inner)
    assert isinstance(Inner.load("test-inner/main"), Inner)


def test_loads_by_reference(server: Client) -> None:
    saved = Inner(host="db").save("main")

    for reference in (saved, str(saved), {"block_document_id": str(saved)}, {"block_document_slug": "test-inner/main"}):
        assert Block.load_from_ref(reference).host == "db"  # type: ignore[attr-defined]


def test_keeps_secrets_from_those_who_do_not_ask(server: Client) -> None:
    Outer(title="t", inner=Inner(host="h", password="pw"), token="tok", credentials={"user": "me"}).save("main")

    shown = server.ask("GET", "/block_types/slug/test-outer/block_documents/name/main")["data"]

    assert set(shown["token"]) == {"*"}
    assert set(shown["inner"]["password"]) == {"*"}
    assert set(shown["credentials"]["user"]) == {"*"}
    assert shown["schema"] == "public"


def test_loads_blocks_inside_blocks(server: Client) -> None:
    Inner(host="h", password="pw").save("inside")
    Outer(title="t", inner=Inner.load("inside"), numbers=[1, 2], token="tok", credentials={"a": 1}).save("main")

    loaded = Outer.load("main")

    assert loaded.inner.password is not None
    assert loaded.token is not None
    assert (loaded.inner.host, loaded.inner.password.get_secret_value()) == ("h", "pw")
    assert (loaded.numbers, loaded.token.get_secret_value()) == ([1, 2], "tok")
    assert loaded.credentials.get_secret_value() == {"a": 1}
    assert loaded.inner._block_document_name == "inside"


def test_keeps_a_saved_block_inside_as_a_reference(server: Client) -> None:
    Inner(host="old").save("inside")
    Outer(title="t", inner=Inner.load("inside")).save("main")
    Inner(host="new").save("inside", overwrite=True)

    assert Outer.load("main").inner.host == "new"


def test_keeps_an_unsaved_block_inside_as_values(server: Client) -> None:
    Outer(title="t", inner=Inner(host="only here", password="pw")).save("main")

    loaded = Outer.load("main")

    assert loaded.inner.host == "only here"
    assert loaded.inner.password is not None
    assert loaded.inner.password.get_secret_value() == "pw"


def test_does_not_overwrite_unasked(server: Client) -> None:
    Inner(host="one").save("main")

    with pytest.raises(BlockExists, match="test-inner/main"):
        Inner(host="two").save("main")
    assert Inner.load("main").host == "one"


def test_overwrites_when_asked(server: Client) -> None:
    first = Inner(host="one", password="pw").save("main")

    second = Inner(host="two").save("main", overwrite=True)

    assert first == second
    assert (Inner.load("main").host, Inner.load("main").password) == ("two", None)


def test_saves_under_the_name_it_was_loaded_from(server: Client) -> None:
    Inner(host="one").save("main")
    block = Inner.load("main")
    block.host = "two"

    block.save(overwrite=True)

    assert Inner.load("main").host == "two"


def test_deletes(server: Client) -> None:
    Inner(host="db").save("main")
    Inner(host="db").save("other")

    Inner.delete("main")
    Block.delete("test-inner/other")

    for name in ("main", "other"):
        with pytest.raises(BlockNotFound, match=f"test-inner/{name}"):
            Inner.load(name)
    with pytest.raises(BlockNotFound):
        Inner.delete("main")


def test_registers_once(server: Client) -> None:
    Outer.register_type_and_schema()
    Outer.register_type_and_schema()

    kind = server.ask("GET", "/block_types/slug/test-outer")
    wanted = {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}
    (schema,) = server.ask("POST", "/block_schemas/filter", wanted)
    assert schema["checksum"] == Outer.checksum()
    assert set(schema["fields"]["block_schema_references"]) == {"inner"}


def test_brings_the_description_of_a_type_up_to_date(server: Client) -> None:
    class Described(Block):
        """Before."""

    Described.register_type_and_schema()
    Described._description = "After."
    Described.register_type_and_schema()

    assert server.ask("GET", "/block_types/slug/described")["description"] == "After."


def test_uses_the_schemas_that_the_server_has_for_its_own_types(server: Client) -> None:
    from orchestrator.store.services.system_blocks import install_system_blocks

    install_system_blocks()
    before = server.ask("POST", "/block_schemas/filter", {"limit": 200})
    Secret(value="s3cret").save("token")
    LocalFileSystem(basepath="/tmp").save("files")
    RemoteFileSystem(basepath="memory://files").save("files")

    assert server.ask("POST", "/block_schemas/filter", {"limit": 200}) == before


def test_warns_about_fields_that_a_document_lacks_when_not_validating(server: Client) -> None:
    class Growing(Block):
        old: str

    Growing(old="here").save("main")

    class Grown(Block):
        _block_type_slug = "growing"
        old: str
        new: int

    with pytest.raises(BlockError, match="new"):
        Grown.load("main")
    with pytest.warns(UserWarning, match="without new"):
        loaded = Grown.load("main", validate=False)
    assert (loaded.old, loaded.new) == ("here", None)
    loaded.new = 3
    loaded.save("main", overwrite=True)
    assert Grown.load("main").new == 3


def test_names_the_class_that_is_not_known_here(server: Client) -> None:
    from orchestrator.sdk.blocks import registry

    class Elsewhere(Block):
        x: int

    Elsewhere(x=1).save("main")
    del registry._classes["elsewhere"]

    with pytest.raises(UnknownBlockType, match="'elsewhere'"):
        Block.load("elsewhere/main")


def test_loads_a_subclass_through_its_base(server: Client) -> None:
    class Store(Block, ABC):
        pass

    class DiskStore(Store):
        path: str

    DiskStore(path="/x").save("main")

    assert isinstance(Block.load("diskstore/main"), DiskStore)
    with pytest.raises(BlockError, match="base of blocks"):
        Store.register_type_and_schema()


def test_gives_a_secret_back(server: Client) -> None:
    Secret(value="s3cret").save("token")
    Secret(value={"user": "me", "ids": [1]}).save("login")
    Secret(value='{"a": 1}').save("json-text")
    Secret(value="123").save("digits")

    assert Secret.load("token").get() == "s3cret"
    assert Secret.load("login").get() == {"user": "me", "ids": [1]}
    assert Secret.load("json-text").get() == {"a": 1}
    assert Secret.load("digits").get() == "123"
    assert Secret[str].load("token").get() == "s3cret"


def test_keeps_the_values_of_older_flows(server: Client) -> None:
    JSON(value={"a": [1]}).save("json")
    String(value="text").save("text")
    DateTime(value="2026-01-02T03:04:05Z").save("moment")

    assert JSON.load("json").value == {"a": [1]}
    assert String.load("text").value == "text"
    assert Block.load("date-time/moment").value.year == 2026  # type: ignore[attr-defined]


def test_has_async_forms_of_what_asks_the_server() -> None:
    for call in (Block.aload, Inner(host="x").asave, Inner.adelete, Block.aload_from_ref):
        assert asyncio.iscoroutinefunction(call)


def test_does_not_show_secrets() -> None:
    shown = repr(
        Outer(title="t", inner=Inner(host="h", password="hidden"), token="hidden", credentials={"a": "hidden"})
    )

    assert "hidden" not in shown
    assert "hidden" not in repr(Secret(value="hidden"))
    assert "hidden" not in str(Secret(value={"password": "hidden"}))
    assert "hidden" not in str(Secret(value="hidden").model_dump(mode="json"))


def test_does_not_show_secrets_in_errors(server: Client) -> None:
    class Narrow(Block):
        token: SecretStr
        number: int

    Narrow(token="hidden", number=1).save("main")

    class Narrower(Block):
        _block_type_slug = "narrow"
        token: int
        number: int

    with pytest.raises(BlockError) as raised:
        Narrower.load("main")
    assert "hidden" not in str(raised.value)


def test_does_not_show_what_was_given_when_it_is_refused() -> None:
    with pytest.raises(ValidationError) as raised:
        Outer(title="t", token="hidden")
    assert "hidden" not in str(raised.value)


def test_picks_the_class_that_the_data_name() -> None:
    class One(Block):
        a: int = 1

    class Two(Block):
        a: int = 1

    class Holder(Block):
        held: One | Two

    assert isinstance(Holder(held={"a": 2, "block_type_slug": "two"}).held, Two)
    assert isinstance(Block(block_type_slug="two", a=3), Two)


def test_calls_what_a_class_does_once_its_fields_are_set() -> None:
    class Connected(Block):
        host: str
        _url: str = ""

        def block_initialization(self) -> None:
            self._url = f"db://{self.host}"

    assert Connected(host="h")._url == "db://h"


def test_may_have_tasks_and_flows_as_methods() -> None:
    class Worker(Block):
        name: str

        @task
        def greet(self) -> str:
            return f"I am {self.name}"

        @flow
        def run(self) -> str:
            return self.greet()

    with use_client(None):
        assert Worker(name="Ann").run() == "I am Ann"


def test_tells_that_it_was_loaded(store: FakeStore) -> None:
    document = {"id": str(uuid4()), "name": "main", "data": {"host": "h"}, "block_type": {"slug": "test-inner"}}
    block = saving._from_document(Inner, document, base=Block, validate=True)

    from orchestrator.sdk.api.client import current_client

    client = current_client()
    assert client is not None
    assert client.delivery.flush(5)
    (event,) = store.events_named("prefect.block.test-inner.loaded")
    assert event["resource"]["prefect.resource.id"] == f"prefect.block-document.{block._block_document_id}"


def test_says_that_a_server_is_needed() -> None:
    with use_client(None):
        with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
            Inner.load("main")
        with pytest.raises(MissingContext, match="ORCHESTRATOR_API_URL"):
            Inner(host="h").save("main")


@pytest.mark.parametrize(
    "call",
    [
        lambda: Inner(host="h").save(),  # without a name
        lambda: Inner(host="h").save("Bad Name"),
        lambda: Block.load("no-type"),
        lambda: Block.load(7),
        lambda: Inner.load(""),
        lambda: Block.load_from_ref("no id"),
        lambda: Block.load_from_ref({}),
        lambda: Block.register_type_and_schema(),
        lambda: JSON(value=object()).save("x"),
    ],
)
def test_refuses_what_cannot_be_meant(server: Client, call: Any) -> None:
    with pytest.raises(BlockError):
        call()


def test_has_no_placeholder_before_it_is_saved() -> None:
    with pytest.raises(BlockNotSaved):
        Inner(host="h").get_block_placeholder()
