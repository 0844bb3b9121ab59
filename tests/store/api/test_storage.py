"""Where results are stored by default."""

from __future__ import annotations

import uuid

import pytest

from orchestrator.store.services.result_storage import default_result_storage
from tests.store.making import make_document, make_schema, make_type

NONE = {"default_result_storage_block_id": None}


@pytest.fixture
def folder(api):
    """A block that can write."""
    return make_document(api, {}, schema=make_schema(api, make_type(api), capabilities=["read-path", "write-path"]))


def put(api, document_id):
    return api.put("/admin/storage", {"default_result_storage_block_id": document_id})


def test_is_nowhere_until_somebody_says_where(api, folder):
    before = api.get("/admin/storage").json()

    response = put(api, folder["id"])

    assert before == NONE
    assert response.json() == api.get("/admin/storage").json() == {"default_result_storage_block_id": folder["id"]}
    assert default_result_storage() == uuid.UUID(folder["id"])


def test_can_be_forgotten(api, folder):
    put(api, folder["id"])

    statuses = [api.delete("/admin/storage").status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert api.get("/admin/storage").json() == NONE


def test_must_be_a_block_that_can_write(api):
    document = make_document(api, {})

    refused, unknown, nothing = put(api, document["id"]), put(api, str(uuid.uuid4())), put(api, None)

    assert (refused.status_code, unknown.status_code, nothing.status_code) == (422, 404, 422)
    assert refused.json()["detail"] == f"Block document {document['id']} cannot be used for result storage."
    assert api.get("/admin/storage").json() == NONE


@pytest.mark.parametrize(
    "what", ["block_documents/{id}", "block_schemas/{block_schema_id}", "block_types/{block_type_id}"]
)
def test_is_forgotten_with_its_block(api, folder, what):
    put(api, folder["id"])

    api.delete("/" + what.format(**folder))

    assert api.get("/admin/storage").json() == NONE
