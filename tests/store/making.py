"""Block types, schemas and documents to test with, made through the API as clients do."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.api_client import ApiClient

_numbers = count(1)


def make_type(api: ApiClient, **given: Any) -> dict[str, Any]:
    number = next(_numbers)
    response = api.post("/block_types/", {"name": f"Kind {number}", "slug": f"kind-{number}", **given})
    assert response.status_code == 201, response.content
    return response.json()


def make_schema(api: ApiClient, block_type: dict[str, Any], *, secret: tuple[str, ...] = (), **given: Any) -> Any:
    """A schema whose secrets are at these paths."""
    fields = {"title": block_type["name"], "type": "object", "properties": {}, "secret_fields": list(secret)}
    body = {"fields": fields | given.pop("fields", {}), "block_type_id": block_type["id"], **given}
    response = api.post("/block_schemas/", body)
    assert response.status_code == 201, response.content
    return response.json()


def make_document(
    api: ApiClient,
    data: dict[str, Any],
    *,
    schema: dict[str, Any] | None = None,
    secret: tuple[str, ...] = (),
    **given: Any,
) -> dict[str, Any]:
    """A document of this schema, or of a new type with these secrets."""
    schema = schema or make_schema(api, make_type(api), secret=secret)
    ids = {"block_schema_id": schema["id"], "block_type_id": schema["block_type_id"]}
    response = api.post("/block_documents/", {"name": f"block-{next(_numbers)}", "data": data} | ids | given)
    assert response.status_code == 201, response.content
    return response.json()


def holding(document: dict[str, Any]) -> dict[str, Any]:
    """The value of a field that holds this document."""
    return {"$ref": {"block_document_id": document["id"]}}


def with_secrets(api: ApiClient, document: dict[str, Any]) -> dict[str, Any]:
    return api.get(f"/block_documents/{document['id']}?include_secrets=true").json()
