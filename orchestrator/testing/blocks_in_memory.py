"""Blocks of a test: types, schemas and documents, as far as saving and loading ask for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from orchestrator.testing.runs_in_memory import NOT_FOUND, Answer


class BlocksInMemory:
    """Secrets are kept as they are: they leave neither the process nor its memory."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, Any]] = {}
        self._schemas: list[dict[str, Any]] = []
        self._documents: dict[str, dict[str, Any]] = {}

    def create_type(self, body: Any) -> Answer:
        if body["slug"] in self._types:
            return 409, {"detail": "there is such a block type already"}
        self._types[body["slug"]] = {"is_protected": False, **body, "id": str(uuid4())}
        return 201, self._types[body["slug"]]

    def read_type(self, body: Any, slug: str) -> Answer:
        found = self._types.get(unquote(slug))
        return (200, found) if found else NOT_FOUND

    def change_type(self, body: Any, type_id: str) -> Answer:
        for each in self._types.values():
            if each["id"] == type_id:
                each.update(body)
                return 204, None
        return NOT_FOUND

    def create_schema(self, body: Any) -> Answer:
        for each in self._schemas:
            if {name: each[name] for name in body} == body:
                return 200, each
        self._schemas.append({**body, "id": str(uuid4())})
        return 201, self._schemas[-1]

    def read_schema(self, body: Any, checksum: str) -> Answer:
        """Never there: it is registered again, which changes nothing."""
        return NOT_FOUND

    def create_document(self, body: Any) -> Answer:
        if body.get("name") and self._named(body["block_type_id"], body["name"]) is not None:
            return 409, {"detail": "Block already exists"}
        document = {"name": None, "is_anonymous": False, **body, "id": str(uuid4())}
        self._documents[document["id"]] = document
        return 201, self._shown(document)

    def change_document(self, body: Any, document_id: str) -> Answer:
        if document_id not in self._documents:
            return NOT_FOUND
        document, merge = self._documents[document_id], body.pop("merge_existing_data", True)
        data = {**document["data"], **body.get("data", {})} if merge else body.get("data", document["data"])
        document.update({**body, "data": data})
        return 204, None

    def read_document(self, body: Any, document_id: str) -> Answer:
        found = self._documents.get(document_id)
        return (200, self._shown(found)) if found else NOT_FOUND

    def find_document(self, body: Any, slug: str, name: str) -> Answer:
        kind = self._types.get(unquote(slug))
        found = self._named(kind["id"], unquote(name)) if kind else None
        return (200, self._shown(found)) if found else NOT_FOUND

    def delete_document(self, body: Any, document_id: str) -> Answer:
        return (204, None) if self._documents.pop(document_id, None) else NOT_FOUND

    def _named(self, type_id: str, name: str) -> dict[str, Any] | None:
        for document in self._documents.values():
            if (document["block_type_id"], document["name"]) == (type_id, name):
                return document
        return None

    def _shown(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with its type, its schema, and what it refers to in the place of each reference."""
        kind = next(each for each in self._types.values() if each["id"] == document["block_type_id"])
        schema = next((each for each in self._schemas if each["id"] == document["block_schema_id"]), None)
        data, references = dict(document["data"]), {}
        for field, value in document["data"].items():
            reference = value.get("$ref") if isinstance(value, dict) else None
            inner_id = reference.get("block_document_id") if isinstance(reference, dict) else reference
            if inner_id in self._documents:
                inner = self._shown(self._documents[inner_id])
                data[field] = inner["data"]
                references[field] = {"block_document": inner}
        return {
            **document,
            "data": data,
            "block_type": kind,
            "block_type_name": kind["name"],
            "block_schema": schema,
            "block_document_references": references,
        }
