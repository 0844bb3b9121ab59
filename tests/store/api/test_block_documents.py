"""Block documents, as clients save, load, find and change them."""

from __future__ import annotations

import uuid

import pytest

from orchestrator.events.models import Event
from orchestrator.store.services.masking import MASK
from tests.store.making import holding, make_document, make_schema, make_type, with_secrets


def test_show_secrets_only_when_asked(api):
    made = make_document(api, {"host": "h", "password": "hush"}, secret=("password",))

    shown = with_secrets(api, made)

    assert made["data"] == {"host": "h", "password": MASK}
    assert shown["data"] == {"host": "h", "password": "hush"}
    assert api.get(f"/block_documents/{made['id']}").json() == made
    assert (made["block_type"]["name"], made["block_schema"]["id"]) == (
        made["block_type_name"],
        made["block_schema_id"],
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"name": None}, 422),  # only anonymous ones have none
        ({"name": ""}, 422),
        ({"name": "Not Plain"}, 422),
        ({"name": "a/b"}, 422),
        ({"extra": 1}, 422),
        ({"block_schema_id": str(uuid.uuid4())}, 409),
        ({"block_type_id": str(uuid.uuid4())}, 409),
        ({"name": "taken"}, 409),
        ({"data": {"held": {"$ref": {}}}}, 400),
        ({"data": {"held": {"$ref": {"block_document_id": "x"}}}}, 400),
        ({"data": {"held": {"$ref": {"block_document_id": str(uuid.uuid4())}}}}, 409),
    ],
)
def test_are_refused_when_they_do_not_fit(api, given, status):
    schema = make_schema(api, make_type(api))
    make_document(api, {}, schema=schema, name="taken")
    body = {"name": "free", "block_schema_id": schema["id"], "block_type_id": schema["block_type_id"]}

    assert api.post("/block_documents/", body | given).status_code == status


def test_hold_others_at_any_depth(api):
    login = make_document(api, {"password": "hush"}, secret=("password",))
    server = make_document(api, {"login": holding(login), "port": 1})
    fleet = make_document(api, {"server": holding(server), "spare": holding(login)})

    shown = with_secrets(api, fleet)

    assert fleet["data"] == {"server": {"port": 1, "login": {"password": MASK}}, "spare": {"password": MASK}}
    assert shown["data"]["server"]["login"] == {"password": "hush"}
    held = shown["block_document_references"]["server"]["block_document"]
    assert (held["id"], held["name"], held["is_anonymous"]) == (server["id"], server["name"], False)
    assert held["block_type"]["slug"] == server["block_type"]["slug"]
    assert held["block_document_references"]["login"]["block_document"]["id"] == login["id"]


def test_hold_what_changes_and_lose_what_is_deleted(api):
    login = make_document(api, {"user": "a"})
    server = make_document(api, {"login": holding(login), "port": 1})

    api.patch(f"/block_documents/{login['id']}", {"data": {"user": "b"}})
    changed = with_secrets(api, server)["data"]
    api.delete(f"/block_documents/{login['id']}")

    assert changed == {"login": {"user": "b"}, "port": 1}
    assert with_secrets(api, server)["data"] == {"port": 1}


def test_cannot_hold_themselves(api):
    inner = make_document(api, {})
    outer = make_document(api, {"inner": holding(inner)})

    direct = api.patch(f"/block_documents/{inner['id']}", {"data": {"x": holding(inner)}})
    around = api.patch(f"/block_documents/{inner['id']}", {"data": {"x": holding(outer)}})

    assert (direct.status_code, around.status_code) == (400, 400)
    assert with_secrets(api, outer)["data"] == {"inner": {}}


def test_merge_what_is_sent_and_leave_masked_secrets(api):
    made = make_document(api, {"host": "h", "password": "hush", "port": 1}, secret=("password",))

    changed = api.patch(f"/block_documents/{made['id']}", {"data": {"host": "i", "password": MASK}})

    assert changed.status_code == 204
    assert with_secrets(api, made)["data"] == {"host": "i", "password": "hush", "port": 1}


def test_are_replaced_when_not_merging(api):
    login = make_document(api, {})
    made = make_document(api, {"password": "hush", "port": 1, "login": holding(login)}, secret=("password",))
    path = f"/block_documents/{made['id']}"

    api.patch(path, {"data": {"password": MASK}, "merge_existing_data": False})
    replaced = with_secrets(api, made)
    api.patch(path, {"merge_existing_data": False})

    assert (replaced["data"], replaced["block_document_references"]) == ({"password": "hush"}, {})
    assert with_secrets(api, made)["data"] == {}


def test_keep_the_blocks_that_a_merge_does_not_mention(api):
    one, two = make_document(api, {"n": 1}), make_document(api, {"n": 2})
    made = make_document(api, {"a": holding(one), "b": holding(one), "c": holding(one)})

    api.patch(f"/block_documents/{made['id']}", {"data": {"b": holding(two), "c": {"n": 3}, "d": 4}})

    shown = with_secrets(api, made)
    assert shown["data"] == {"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}, "d": 4}
    assert set(shown["block_document_references"]) == {"a", "b"}


def test_take_masked_secrets_of_held_blocks_along_when_written_out(api):
    """A form that shows a held block sends it back as plain data."""
    login = make_document(api, {"user": "u", "password": "hush"}, secret=("password",))
    made = make_document(api, {"login": holding(login)}, secret=("login.password",))

    api.patch(f"/block_documents/{made['id']}", {"data": {"login": {"user": "v", "password": MASK}}})

    assert with_secrets(api, made)["data"] == {"login": {"user": "v", "password": "hush"}}
    assert with_secrets(api, login)["data"]["user"] == "u"


def test_move_to_another_schema_of_their_type_only(api):
    block_type = make_type(api)
    old, new = (make_schema(api, block_type, version=version) for version in ("1", "2"))
    made = make_document(api, {"a": 1}, schema=old)
    foreign = make_schema(api, make_type(api))
    path = f"/block_documents/{made['id']}"

    moved = api.patch(path, {"block_schema_id": new["id"]})
    refused = api.patch(path, {"block_schema_id": foreign["id"], "data": {}})
    unknown = api.patch(path, {"block_schema_id": str(uuid.uuid4()), "data": {}})

    assert (moved.status_code, refused.status_code, unknown.status_code) == (204, 400, 409)
    now = with_secrets(api, made)
    assert (now["block_schema_id"], now["data"]) == (new["id"], {"a": 1})


def test_are_hidden_from_lists_while_anonymous(api):
    schema = make_schema(api, make_type(api))
    named = make_document(api, {}, schema=schema, name="named")
    hidden = make_document(api, {}, schema=schema, name=None, is_anonymous=True)
    ours = {"block_type_id": {"any_": [schema["block_type_id"]]}}

    def found(path="filter", **body):
        return api.post(f"/block_documents/{path}", body).json()

    assert hidden["name"].startswith("anonymous-")
    assert [one["id"] for one in found(block_documents=ours)] == [named["id"]]
    assert [one["id"] for one in found(block_documents={**ours, "is_anonymous": {"eq_": True}})] == [hidden["id"]]
    assert len(found(block_documents={**ours, "is_anonymous": None})) == 2
    assert found("count", block_documents=ours) == 1
    assert found("count", block_types={"slug": {"any_": [named["block_type"]["slug"]]}}) == 1


def test_are_found_sorted_and_shown_with_secrets(api):
    first, second = (make_schema(api, make_type(api), secret=("key",)) for _ in range(2))
    able = make_schema(api, make_type(api), capabilities=["dance"])
    for schema, name in ((first, "b"), (second, "a"), (first, "c")):
        make_document(api, {"key": name}, schema=schema, name=name)
    make_document(api, {}, schema=able, name="d")

    def names(**body):
        return [one["name"] for one in api.post("/block_documents/filter", body).json()]

    assert names() == ["a", "b", "c", "d"]
    assert names(sort="NAME_DESC", limit=2, offset=1) == ["c", "b"]
    assert names(sort="BLOCK_TYPE_AND_NAME_ASC")[:2] == ["b", "c"]
    assert names(block_documents={"name": {"like_": "A"}}) == ["a"]
    assert names(block_schemas={"block_capabilities": {"all_": ["dance"]}}) == ["d"]
    shown = api.post("/block_documents/filter", {"include_secrets": True, "limit": 1}).json()
    assert shown[0]["data"] == {"key": "a"}
    assert api.post("/block_documents/filter", {"limit": 201}).status_code == 422


def test_tell_what_happens_to_them_without_secrets(api):
    made = make_document(
        api, {"host": "h", "port": 1, "password": "hush", "deep": {"key": "hush"}}, secret=("password", "deep.key")
    )
    api.patch(f"/block_documents/{made['id']}", {"data": {"host": "i", "password": "hush too"}})
    api.delete(f"/block_documents/{made['id']}")
    make_document(api, {}, name=None, is_anonymous=True)

    events = list(Event.objects.filter(event__startswith="prefect.block-document.").order_by("sequence"))

    assert [event.event.rpartition(".")[2] for event in events] == ["created", "updated", "deleted"]
    assert [event.payload["data"] for event in events] == [{"host": "h"}, {"host": "i"}, {"host": "i"}]
    assert events[0].payload["block_schema"]["block_type"]["id"] == made["block_type_id"]
    assert [one["prefect.resource.role"] for one in events[0].related] == ["block-type", "block-schema"]
    assert not Event.objects.filter(payload__icontains="hush").exists()


def test_are_gone_after_deletion(api):
    made = make_document(api, {})

    statuses = [api.delete(f"/block_documents/{made['id']}").status_code for _ in range(2)]

    assert statuses == [204, 404]
    assert api.get(f"/block_documents/{made['id']}").json() == {"detail": "Block document not found"}
    assert api.patch(f"/block_documents/{made['id']}", {"data": {}}).status_code == 404


def test_cost_one_question_and_one_for_each_level(api, django_assert_num_queries):
    login = make_document(api, {})
    server = make_document(api, {"login": holding(login)})
    make_document(api, {"server": holding(server), "spare": holding(login)}, name="z")

    with django_assert_num_queries(3):  # the page, what it holds and what that holds, which holds nothing more
        api.post("/block_documents/filter", {"sort": "NAME_DESC", "limit": 1})
