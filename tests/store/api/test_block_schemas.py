"""Block schemas, as clients register and find them."""

from __future__ import annotations

import uuid

from orchestrator.contract.block_checksums import checksum_of
from tests.store.making import make_document, make_schema, make_type


def nesting(inner_type, inner_fields):
    """The fields of a block that holds one of the inner type."""
    return {
        "properties": {"inner": {"$ref": "#/definitions/Inner"}},
        "block_schema_references": {
            "inner": {"block_type_slug": inner_type["slug"], "block_schema_checksum": checksum_of(inner_fields)}
        },
        "definitions": {"Inner": inner_fields},
    }


def inner_fields(inner_type):
    return {
        "title": "Inner",
        "type": "object",
        "properties": {"options": {"$ref": "#/definitions/Options"}},
        "block_type_slug": inner_type["slug"],
        "block_schema_references": {},
    }


def test_are_registered_once_for_each_checksum_and_version(api):
    block_type = make_type(api)
    body = {"fields": {"title": "A"}, "block_type_id": block_type["id"], "capabilities": ["read"]}

    first, again = api.post("/block_schemas/", body), api.post("/block_schemas/", body)
    other = api.post("/block_schemas/", {**body, "version": "2"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert first.json()["checksum"] == other.json()["checksum"] == checksum_of({"title": "A"})
    assert first.json()["version"] == "non-versioned"


def test_are_found_by_checksum_the_newest_first(api):
    block_type = make_type(api)
    old, new = (make_schema(api, block_type, version=version) for version in ("1", "2"))

    newest = api.get(f"/block_schemas/checksum/{old['checksum']}").json()
    named = api.get(f"/block_schemas/checksum/{old['checksum']}?version=1").json()

    assert (newest["id"], named["id"]) == (new["id"], old["id"])
    assert api.get(f"/block_schemas/checksum/{old['checksum']}?version=3").status_code == 404
    assert api.get("/block_schemas/checksum/sha256:none").json() == {"detail": "Block schema not found"}


def test_register_the_blocks_that_they_nest(api):
    inner_type, outer_type = make_type(api), make_type(api)
    fields = nesting(inner_type, inner_fields(inner_type))
    fields["definitions"]["Options"] = {"title": "Options", "type": "object"}

    outer = make_schema(api, outer_type, fields=fields)

    [inner] = api.post(
        "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [inner_type["id"]]}}}
    ).json()
    assert inner["fields"]["definitions"] == {"Options": {"title": "Options", "type": "object"}}
    assert outer["fields"]["block_schema_references"]["inner"]["block_schema_checksum"] == inner["checksum"]
    assert set(outer["fields"]["definitions"]) == {"Inner", "Options"}
    assert api.get(f"/block_schemas/{outer['id']}").json() == outer


def test_take_the_definitions_of_nested_blocks_that_are_known(api):
    inner_type, outer_type = make_type(api), make_type(api)
    known = make_schema(api, inner_type, fields=inner_fields(inner_type))
    fields = nesting(inner_type, inner_fields(inner_type))
    del fields["definitions"]
    fields["block_schema_references"]["inner"]["block_schema_checksum"] = known["checksum"]

    outer = make_schema(api, outer_type, fields=fields)

    assert outer["fields"]["definitions"]["Inner"]["block_type_slug"] == inner_type["slug"]


def test_are_refused_when_what_they_nest_is_unknown(api):
    block_type = make_type(api)
    body = {"block_type_id": block_type["id"], "fields": nesting({"slug": "nobody"}, {})}

    refused = api.post("/block_schemas/", body)
    orphan = api.post("/block_schemas/", {"block_type_id": str(uuid.uuid4())})
    empty = {"block_type_slug": "secret", "block_schema_checksum": "sha256:none"}
    unknown = api.post("/block_schemas/", {**body, "fields": {"block_schema_references": {"inner": empty}}})

    assert (refused.status_code, orphan.status_code, unknown.status_code) == (409, 404, 400)
    assert "'nobody'" in refused.json()["detail"]


def test_are_listed_newest_first_and_narrowed(api):
    block_type = make_type(api)
    one = make_schema(api, block_type, version="1", capabilities=["read", "write"])
    two = make_schema(api, block_type, version="2", capabilities=["read"])

    def found(**filter):
        body = {"block_schemas": {"block_type_id": {"any_": [block_type["id"]]}, **filter}}
        return [schema["id"] for schema in api.post("/block_schemas/filter", body).json()]

    assert found() == [two["id"], one["id"]]
    assert found(block_capabilities={"all_": ["read", "write"]}) == [one["id"]]
    assert found(version={"any_": ["2"]}) == [two["id"]]
    assert found(id={"any_": [one["id"]]}) == [one["id"]]


def test_go_with_their_documents_unless_they_belong_to_the_system(api):
    document = make_document(api, {})
    secret = api.get("/block_types/slug/secret").json()
    body = {"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}}
    [of_system] = api.post("/block_schemas/filter", body).json()

    assert api.delete(f"/block_schemas/{document['block_schema_id']}").status_code == 204
    assert api.get(f"/block_documents/{document['id']}").status_code == 404
    assert api.delete(f"/block_schemas/{of_system['id']}").status_code == 403
    assert api.delete(f"/block_schemas/{uuid.uuid4()}").status_code == 404


def test_tell_what_blocks_can_do(api):
    make_schema(api, make_type(api), capabilities=["sing", "notify"])

    capabilities = api.get("/block_capabilities/").json()

    assert {"sing", "notify", "read-path", "write-path"} <= set(capabilities)
    assert len(capabilities) == len(set(capabilities))
