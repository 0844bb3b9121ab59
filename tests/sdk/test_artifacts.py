from __future__ import annotations

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from orchestrator import (
    Artifact,
    ArtifactError,
    LinkArtifact,
    MarkdownArtifact,
    acreate_markdown_artifact,
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    flow,
    task,
    update_progress_artifact,
)
from orchestrator.sdk.api.client import current_client, use_client
from orchestrator.sdk.api.transport import Request, Response
from tests.sdk.fake_store import FakeStore


def only(store: FakeStore) -> dict:
    (artifact,) = store.artifacts.values()
    return artifact


def test_records_a_text_for_the_task_and_flow_run(store: FakeStore) -> None:
    @task
    def write() -> UUID:
        return create_markdown_artifact("# Hello", key="report", description="of today")

    @flow
    def writing() -> UUID:
        return write()

    made = writing()

    artifact = only(store)
    assert artifact["id"] == str(made)
    assert (artifact["type"], artifact["data"], artifact["key"]) == ("markdown", "# Hello", "report")
    assert artifact["description"] == "of today"
    assert artifact["flow_run_id"] == store.the_run()["id"]
    assert artifact["task_run_id"] == store.last_event("write")["resource"]["prefect.resource.id"].rpartition(".")[2]


def test_makes_one_although_the_answer_was_lost(store: FakeStore) -> None:
    answered = iter([False, True])
    handle = store.handle

    def lose_the_first(request: Request) -> Response:
        answer = handle(request)
        if request.path == "/artifacts/" and not next(answered):
            raise ConnectionResetError
        return answer

    store.handle = lose_the_first  # type: ignore[method-assign]

    made = create_markdown_artifact("# Hello", key="report")

    assert only(store)["id"] == str(made)


def test_makes_one_on_a_server_that_knows_no_ids_of_clients(store: FakeStore) -> None:
    handle = store.handle

    def refuse_ids(request: Request) -> Response:
        if request.path == "/artifacts/" and "id" in json.loads(request.body or b"{}"):
            details = [{"type": "extra_forbidden", "loc": ["body", "id"], "msg": "Extra inputs are not permitted"}]
            return Response(422, json.dumps({"exception_detail": details}).encode())
        return handle(request)

    store.handle = refuse_ids  # type: ignore[method-assign]

    first, second = create_markdown_artifact("# Hello"), create_markdown_artifact("# Hello again")

    assert set(store.artifacts) == {str(first), str(second)}


def test_tells_of_the_artifact(store: FakeStore) -> None:
    create_markdown_artifact("# Hello", key="report")

    client = current_client()
    assert client is not None
    assert client.delivery.flush(5)
    (event,) = store.events_named("prefect.artifact.created")
    assert event["resource"]["prefect.resource.name"] == "report"
    assert event["payload"] == {"key": "report", "type": "markdown", "description": None}


def test_records_a_link_as_markdown(store: FakeStore) -> None:
    create_link_artifact("https://example.org", link_text="an example")

    assert (only(store)["type"], only(store)["data"]) == ("markdown", "[an example](https://example.org)")


def test_shows_the_address_of_a_link_without_text(store: FakeStore) -> None:
    create_link_artifact("https://example.org")

    assert only(store)["data"] == "[https://example.org](https://example.org)"


def test_records_a_table_as_json_without_nan(store: FakeStore) -> None:
    create_table_artifact([{"a": 1, "b": float("nan")}, {"a": 2, "b": "x"}], key="table")

    assert only(store)["type"] == "table"
    assert json.loads(only(store)["data"]) == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_records_columns_and_rows_of_any_kind(store: FakeStore) -> None:
    create_table_artifact({"a": [1, 2]})
    create_table_artifact([(1, UUID(int=1))])

    columns, rows = (json.loads(each["data"]) for each in store.artifacts.values())
    assert columns == {"a": [1, 2]}
    assert rows == [[1, "00000000-0000-0000-0000-000000000001"]]


def test_records_a_data_frame(store: FakeStore) -> None:
    class Frame:
        def to_dict(self, orient: str) -> list[dict[str, int]]:
            return [{"a": 1}] if orient == "records" else []

    create_table_artifact(Frame())

    assert json.loads(only(store)["data"]) == [{"a": 1}]


def test_records_an_image(store: FakeStore) -> None:
    create_image_artifact("https://example.org/i.png", key="picture")

    assert (only(store)["type"], only(store)["data"]) == ("image", "https://example.org/i.png")


def test_moves_progress_on(store: FakeStore) -> None:
    made = create_progress_artifact(10)

    assert update_progress_artifact(made, 55.5, description="half") == made
    assert (only(store)["type"], only(store)["data"], only(store)["description"]) == ("progress", 55.5, "half")


@pytest.mark.parametrize(("given", "kept"), [(-3, 0.0), (130, 100.0)])
def test_keeps_progress_between_0_and_100(store: FakeStore, given: float, kept: float) -> None:
    create_progress_artifact(given)

    assert only(store)["data"] == kept


def test_finds_the_latest_of_a_key(store: FakeStore) -> None:
    create_markdown_artifact("one", key="report")
    create_markdown_artifact("two", key="report")

    found = Artifact.get("report")

    assert found is not None
    assert (found.data, found.type) == ("two", "markdown")
    assert isinstance(found.id, UUID)
    assert Artifact.get("nothing") is None


def test_gets_or_creates(store: FakeStore) -> None:
    one, is_new = Artifact.get_or_create(key="report", type="markdown", data="x", description="y")
    two, is_new_again = Artifact.get_or_create(key="report", type="markdown", data="z")

    assert (is_new, is_new_again) == (True, False)
    assert one.id == two.id
    assert only(store)["data"] == "x"


def test_creates_from_a_class(store: FakeStore) -> None:
    made = MarkdownArtifact(markdown="# Hello", key="report").create()
    link, _ = LinkArtifact.get_or_create(key="link", link="https://example.org")

    assert made.data == "# Hello"
    assert link.data == "[https://example.org](https://example.org)"


def test_writes_other_data_as_json(store: FakeStore) -> None:
    Artifact(type="custom", data={"a": 1}).create()

    assert only(store)["data"] == '{"a":1}'


def test_works_in_async_code(store: FakeStore) -> None:
    @flow
    async def writing() -> list[UUID]:
        return [await create_markdown_artifact("one"), await acreate_markdown_artifact("two")]

    made = asyncio.run(writing())

    assert {str(each) for each in made} == set(store.artifacts)
    assert {each["flow_run_id"] for each in store.artifacts.values()} == {store.the_run()["id"]}


def test_records_nothing_without_a_server() -> None:
    with use_client(None):
        made = create_progress_artifact(1)

        assert isinstance(made, UUID)
        assert update_progress_artifact(made, 2) == made


@pytest.mark.parametrize("key", ["Upper", "under_score", "with space", "", "---", 7, "x" * 256])
def test_refuses_a_key_that_is_none(store: FakeStore, key: str) -> None:
    with pytest.raises(ArtifactError, match="key"):
        create_markdown_artifact("text", key=key)

    assert store.artifacts == {}


@pytest.mark.parametrize(
    "call",
    [
        lambda: create_markdown_artifact(7),  # type: ignore[arg-type]
        lambda: create_table_artifact("text"),
        lambda: create_table_artifact([1, 2]),
        lambda: create_progress_artifact("half"),  # type: ignore[arg-type]
        lambda: create_progress_artifact(float("nan")),
        lambda: update_progress_artifact("no id", 5),
        lambda: update_progress_artifact(uuid4(), 5),
    ],
)
def test_refuses_what_is_no_artifact(store: FakeStore, call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArtifactError):
        call()
